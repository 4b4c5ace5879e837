/** Nearest-rank percentile: the smallest value that at least `share` of the values do not exceed. NaN if there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Median, 99th percentile and maximum as `<name>P50`, `<name>P99` and `<name>Max`, rounded to hundredths. */
export function percentiles(name: string, values: readonly number[]): Record<string, number> {
  if (values.length === 0) return {}
  return {
    [`${name}P50`]: roundToHundredths(percentile(values, 0.5)),
    [`${name}P99`]: roundToHundredths(percentile(values, 0.99)),
    [`${name}Max`]: roundToHundredths(Math.max(...values)),
  }
}

export const roundToHundredths = (value: number): number => Math.round(value * 100) / 100
