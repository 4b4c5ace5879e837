/** The smallest of the values that `share` of them do not exceed (nearest rank); NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** `name` with the median, the 99th percentile and the largest, to a hundredth. */
export function percentiles(name: string, values: readonly number[]): Record<string, number> {
  if (values.length === 0) return {}
  const [p50, p99] = [percentile(values, 0.5), percentile(values, 0.99)]
  return {
    [`${name}P50`]: roundToHundredths(p50),
    [`${name}P99`]: roundToHundredths(p99),
    [`${name}Max`]: roundToHundredths(Math.max(...values)),
  }
}

export const roundToHundredths = (value: number): number => Math.round(value * 100) / 100
