import type { AttemptRecord } from './records.js'

/**
 * The last step whose writes by an attempt still count: a later attempt that went on from step s
 * trains s + 1 and all after it anew, so what older attempts wrote beyond s is void.
 */
export function lastEffectiveStep(attempts: readonly AttemptRecord[], attempt: number): number {
  const resumed = attempts.filter(later => later.attempt > attempt).map(later => later.resumedFrom)
  return Math.min(Number.POSITIVE_INFINITY, ...resumed)
}
