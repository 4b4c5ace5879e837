import type { JobStatus } from '../../spec/job.js'

/**
 * Where a job is. `pausing` and `cancelling` are asked of an attempt that still runs: clients see
 * them as running, with what was asked. `removed` is a folder that has yet to go.
 */
export type JobState = JobStatus | 'pausing' | 'cancelling' | 'removed'

/** What clients may ask of a job. */
export const jobActions = ['pause', 'resume', 'cancel', 'retry', 'remove'] as const
export type JobAction = (typeof jobActions)[number]

/** What a worker reports: an attempt begins, ends without settling the job, or settles it. */
export type AttemptEvent = 'start' | 'stop' | 'succeed' | 'fail'

/**
 * The life of a job: state × event → state. An event without an entry is refused; one that leads
 * where the job is already changes nothing. A second `start` follows a worker's death.
 */
export const transitions: Record<JobState, Partial<Record<JobAction | AttemptEvent, JobState>>> = {
  queued: {
    start: 'running',
    fail: 'failed',
    pause: 'paused',
    resume: 'queued',
    cancel: 'cancelled',
  },
  running: {
    start: 'running',
    stop: 'queued',
    succeed: 'succeeded',
    fail: 'failed',
    pause: 'pausing',
    resume: 'running',
    cancel: 'cancelling',
  },
  pausing: {
    stop: 'paused',
    succeed: 'succeeded',
    fail: 'failed',
    pause: 'pausing',
    resume: 'running',
    cancel: 'cancelling',
  },
  cancelling: {
    stop: 'cancelled',
    succeed: 'succeeded',
    fail: 'failed',
    cancel: 'cancelling',
  },
  paused: { pause: 'paused', resume: 'queued', cancel: 'cancelled' },
  succeeded: { remove: 'removed' },
  failed: { retry: 'queued', remove: 'removed' },
  cancelled: { cancel: 'cancelled', retry: 'queued', remove: 'removed' },
  removed: {},
}

/** As clients see it; a removed job they do not see. */
export const publicStatus: Record<Exclude<JobState, 'removed'>, JobStatus> = {
  queued: 'queued',
  running: 'running',
  pausing: 'running',
  cancelling: 'running',
  paused: 'paused',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
}

/** What was asked of an attempt that has not obeyed yet. */
export const requestedAction = (state: JobState): 'pause' | 'cancel' | null =>
  state === 'pausing' ? 'pause' : state === 'cancelling' ? 'cancel' : null

const terminalStates: readonly JobState[] = ['succeeded', 'failed', 'cancelled', 'removed']

/** Whether the job has ended; of those that have not, all but paused ones belong to the queue. */
export const isTerminal = (state: JobState): boolean => terminalStates.includes(state)
export const isWaitingOrRunning = (state: JobState): boolean =>
  !isTerminal(state) && state !== 'paused'

/** What helps where a verb is refused. */
export const hints: Partial<Record<JobState, Partial<Record<JobAction, string>>>> = {
  queued: {
    retry: 'it is about to be tried as it is',
    remove: 'cancel it first',
  },
  running: { retry: 'cancel it first', remove: 'cancel it first' },
  pausing: { retry: 'resume it instead', remove: 'cancel it first' },
  cancelling: {
    pause: 'retry it once it has ended, and pause it then',
    resume: 'retry it once it has ended',
    retry: 'wait for its end',
    remove: 'wait for its end',
  },
  paused: { retry: 'resume it instead', remove: 'cancel it first' },
  succeeded: {
    pause: 'it has ended',
    resume: 'it has ended',
    cancel: 'it has ended; delete it instead',
    retry: 'submit it anew',
  },
  failed: {
    pause: 'it has ended; retry it',
    resume: 'it has ended; retry it',
    cancel: 'it has ended; delete it instead',
  },
  cancelled: {
    pause: 'it has ended; retry it',
    resume: 'it has ended; retry it',
  },
}
