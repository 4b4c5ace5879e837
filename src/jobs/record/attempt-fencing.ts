// Fencing (Kleppmann 2016, "How to do distributed locking"): an attempt number is a fencing token, so
// what an older attempt writes after a newer one has resumed is ignored.
import type { AttemptRecord } from './records.js'

/**
 * Returns the last step whose rows and checkpoints by `attempt` are in effect; infinity if no newer
 * attempt has resumed. A newer attempt that resumes from step s trains s + 1 and later steps again,
 * so it supersedes what older attempts wrote for them.
 */
export function lastEffectiveStep(attempts: readonly AttemptRecord[], attempt: number): number {
  const resumed = attempts.filter(later => later.attempt > attempt).map(later => later.resumedFrom)
  return Math.min(Number.POSITIVE_INFINITY, ...resumed)
}
