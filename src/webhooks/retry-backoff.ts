/** Retry backoff: the delay after each failed attempt. Eight attempts in about a day and a half. */
export const retryDelaysMs: readonly number[] = [
  5_000,
  30_000,
  120_000,
  600_000,
  3600_000,
  6 * 3600_000,
  24 * 3600_000,
]

/** Returns when to retry, with 10 % jitter so that simultaneous failures spread; null after the last attempt. */
export function nextAttemptAt(failures: number, delaysMs: readonly number[], now: number) {
  const delay = delaysMs[failures - 1]
  if (delay === undefined) return null
  return new Date(now + delay * (0.9 + 0.2 * Math.random())).toISOString()
}
