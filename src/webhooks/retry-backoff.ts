/** How long after which failure the next attempt is due: eight attempts within a day and a half. */
export const retryDelaysMs: readonly number[] = [
  5_000,
  30_000,
  120_000,
  600_000,
  3600_000,
  6 * 3600_000,
  24 * 3600_000,
]

/** Moved by up to a tenth, so that what failed together does not come back together. */
export function nextAttemptAt(failures: number, delaysMs: readonly number[], now: number) {
  const delay = delaysMs[failures - 1]
  if (delay === undefined) return null
  return new Date(now + delay * (0.9 + 0.2 * Math.random())).toISOString()
}
