import type { AttemptRecord } from '../../src/jobs/record/records.js'
import type { FailureCode } from '../../src/spec/failure-codes.js'
import type { Failure } from '../../src/spec/job.js'
import type { MemoryEstimate } from '../../src/spec/memory-estimate.js'
import { errorLine } from './attempt-death.js'

/**
 * Attempts in a row without a new checkpoint after which a job fails, by how they ended. Kills from
 * outside are less the job's fault than crashes. Another process may have used up the memory, but a second
 * try that also fails endangers the whole machine.
 */
const retryLimits = { memory: 2, crashed: 3, killed: 20 } as const
type EndGroup = keyof typeof retryLimits

/** Backoff before the next attempt, by the number of attempts without progress; the last value repeats. */
const retryDelaysMs = [0, 0, 1000, 5000]
/** The same after attempts that ended because the machine failed. Nothing else bounds their number. */
const unavailableDelaysMs = [1000, 2000, 5000, 10_000, 30_000]

/**
 * The attempts that resumed from the same checkpoint and wrote no new one. An attempt without a recorded
 * end died together with its worker.
 */
export function attemptsWithoutProgress(
  attempts: readonly AttemptRecord[],
  resumedFrom: number,
): AttemptRecord[] {
  const ends: readonly AttemptRecord['end'][] = ['crashed', 'killed', 'unavailable', null]
  return attempts.filter(
    attempt => attempt.resumedFrom === resumedFrom && ends.includes(attempt.end),
  )
}

/** How long to wait before the next attempt. */
export function retryDelayMs(failedAttempts: readonly AttemptRecord[]): number {
  const last = failedAttempts.findLastIndex(({ end }) => end !== 'unavailable')
  const unavailable = failedAttempts.length - 1 - last
  return unavailable > 0
    ? unavailableDelaysMs[Math.min(unavailable, unavailableDelaysMs.length) - 1]!
    : retryDelaysMs[Math.min(failedAttempts.length, retryDelaysMs.length - 1)]!
}

/**
 * The failure of a job that has used up its retries; null if it has not. Attempts that ended because the
 * machine failed do not count.
 */
export function exhaustedRetries(
  memory: Pick<MemoryEstimate, 'totalBytes'> | null,
  failedAttempts: readonly AttemptRecord[],
): Failure | null {
  const counted = failedAttempts.filter(({ end }) => end !== 'unavailable')
  for (const group of ['memory', 'crashed', 'killed'] as const) {
    const matching = counted.filter(attempt => groupOf(attempt) === group)
    if (matching.length < retryLimits[group]) continue
    const last = matching.at(-1)!
    const code = codeOf(matching)
    const message = `${countAttempts(counted)}; attempt ${last.attempt} ${describeEnd(last)}; ${remedy(code, memory)}`
    return { code, message }
  }
  return null
}

function groupOf({ end, cause }: AttemptRecord): EndGroup {
  if (cause === 'out_of_memory') return 'memory'
  return end === 'crashed' ? 'crashed' : 'killed'
}

/** The cause of the last attempt, unless it does not know its own. */
function codeOf(attempts: readonly AttemptRecord[]): FailureCode {
  const causes = attempts.map(
    ({ end, cause }) => cause ?? (end === 'crashed' ? 'crashed' : 'killed'),
  )
  return causes.findLast(cause => cause !== 'no_progress') ?? 'no_progress'
}

/** Such as "3 attempts crashed without a new checkpoint". */
function countAttempts(attempts: readonly AttemptRecord[]): string {
  const verbs = { memory: 'ran out of memory', crashed: 'crashed', killed: 'were killed' } as const
  const counts = (['memory', 'crashed', 'killed'] as const)
    .map(group => ({ group, count: attempts.filter(one => groupOf(one) === group).length }))
    .filter(({ count }) => count > 0)
  const total = `${attempts.length} attempts`
  if (counts.length === 1) return `${total} ${verbs[counts[0]!.group]} without a new checkpoint`
  const list = counts.map(({ group, count }) => `${count} ${verbs[group]}`).join(', ')
  return `${total} ended without a new checkpoint (${list})`
}

/** Older versions stored all of the last output. */
function describeEnd({ outputTail }: AttemptRecord): string {
  if (outputTail === null) return 'ended together with its worker'
  return errorLine(outputTail.split('\n')) ?? 'ended'
}

function remedy(code: FailureCode, memory: Pick<MemoryEstimate, 'totalBytes'> | null): string {
  if (code === 'killed') return 'find out what ends the trainers, then retry the job'
  if (code !== 'out_of_memory') return 'fix the cause, then retry the job'
  const estimate = memory
    ? `the job is estimated to need ${(memory.totalBytes / 2 ** 30).toFixed(1)} GiB: `
    : ''
  return `${estimate}use a smaller batchSize, with accumulateSteps to make up for it, or a smaller model; or stop what else uses the memory, then retry the job`
}
