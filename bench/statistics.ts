export interface Summary {
  medianMs: number
  minMs: number
  maxMs: number
}

export function summarize(times: readonly number[]): Summary {
  const sorted = [...times].sort((a, b) => a - b)
  return { medianMs: median(sorted), minMs: sorted[0]!, maxMs: sorted.at(-1)! }
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = Math.floor(sorted.length / 2)
  const lower = Math.ceil(sorted.length / 2) - 1
  return (sorted[Math.max(lower, 0)]! + sorted[upper]!) / 2
}
