import type { JobStatus } from '../../spec/job.js'

/**
 * The internal state of a job. In `pausing` and `cancelling` an attempt still runs; clients see
 * these as `running` with the requested action. `removed` lasts until the job's folder is deleted.
 */
export type JobState = JobStatus | 'pausing' | 'cancelling' | 'removed'

/** Requests that clients make. */
export const jobActions = ['pause', 'resume', 'cancel', 'retry', 'remove'] as const
export type JobAction = (typeof jobActions)[number]

/** Reports of workers. After `stop` the job has not ended; `succeed` and `fail` end it. */
export type AttemptEvent = 'start' | 'stop' | 'succeed' | 'fail'

/**
 * The state machine of a job: state × event → state. An event without an entry is refused. An event
 * that leads to the same state changes nothing, except that a second `start`, after a worker died,
 * begins a new attempt.
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

/** The status that clients see. They do not see removed jobs. */
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

/** The action that clients requested and the running attempt has not carried out yet. */
export const requestedAction = (state: JobState): 'pause' | 'cancel' | null =>
  state === 'pausing' ? 'pause' : state === 'cancelling' ? 'cancel' : null

const terminalStates: readonly JobState[] = ['succeeded', 'failed', 'cancelled', 'removed']

export const isTerminal = (state: JobState): boolean => terminalStates.includes(state)
/** Returns whether the job belongs in the queue, where running jobs stay until they end. */
export const isWaitingOrRunning = (state: JobState): boolean =>
  !isTerminal(state) && state !== 'paused'

/** For each refused action, what to do instead. */
export const hints: Partial<Record<JobState, Partial<Record<JobAction, string>>>> = {
  queued: {
    retry: 'it is already queued',
    remove: 'cancel it first',
  },
  running: { retry: 'cancel it first', remove: 'cancel it first' },
  pausing: { retry: 'resume it instead', remove: 'cancel it first' },
  cancelling: {
    pause: 'retry it once it has ended, and pause it then',
    resume: 'retry it once it has ended',
    retry: 'wait until it has ended',
    remove: 'wait until it has ended',
  },
  paused: { retry: 'resume it instead', remove: 'cancel it first' },
  succeeded: {
    pause: 'it has ended',
    resume: 'it has ended',
    cancel: 'it has ended; delete it instead',
    retry: 'submit it as a new job',
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
