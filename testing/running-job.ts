import { type AttemptRecord, JobRecords } from '../src/jobs/record/records.js'
import type { Store } from '../src/store/store.js'

let made = 0

/** A job id that no other job of this process has. */
export const newJobId = (): string => `job-${String(made++).padStart(26, '0')}`

/** The record of an attempt that trains, except for `overrides`. */
export const attemptRecord = (
  attempt: number,
  overrides: Partial<AttemptRecord> = {},
): AttemptRecord => ({
  attempt,
  startedAt: '2026-01-01T00:00:00.000Z',
  resumedFrom: 0,
  phase: 'training',
  endedAt: null,
  end: null,
  outputTail: null,
  ...overrides,
})

/** Records the start of a job's next attempt, as a worker does, and returns the attempt's number. */
export async function startAttempt(
  store: Store,
  id: string,
  overrides: Partial<AttemptRecord> = {},
): Promise<number> {
  const records = new JobRecords(store)
  const attempt = await records.claimAttempt(id)
  const startedAt = overrides.startedAt ?? new Date().toISOString()
  await records.apply(id, { event: 'start', at: startedAt, attempt })
  await records.writeAttempt(id, attemptRecord(attempt, { ...overrides, startedAt }))
  return attempt
}
