import { TrainyardError } from '../errors.js'
import { cures, isSettled, type JobState, type Verb } from './states.js'

export const jobNotFound = (id: string) =>
  new TrainyardError('JOB_NOT_FOUND', 'missing', `there is no job '${id}'`)

export const checkpointNotFound = (id: string, step: number) =>
  new TrainyardError('CHECKPOINT_NOT_FOUND', 'missing', `job '${id}' has no checkpoint ${step}`)

/** The table of states has no such step. */
export function refused(id: string, state: JobState, verb: Verb): TrainyardError {
  const code = isSettled(state) ? 'JOB_ENDED' : 'JOB_ACTIVE'
  const cure = cures[state]?.[verb] ?? 'it is removed'
  return new TrainyardError(
    code,
    'conflict',
    `job '${id}' is ${state} and cannot be ${participles[verb]}: ${cure}`,
  )
}

const participles: Record<Verb, string> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
  retry: 'retried',
  remove: 'removed',
}

export const datasetGone = (id: string, { message }: Error) =>
  new TrainyardError(
    'DATASET_GONE',
    'conflict',
    `job '${id}' cannot be retried: ${message}; upload it again`,
  )

export const invalidCursor = (cursor: string) =>
  new TrainyardError('INVALID_CURSOR', 'invalid', `the cursor '${cursor}' is not one of ours`, {
    errors: [{ path: '/cursor', code: 'invalid', message: 'use the nextCursor of a page' }],
  })

export const queueUnavailable = (cause: unknown) =>
  new TrainyardError('QUEUE_UNAVAILABLE', 'unavailable', 'Redis does not answer; try again', {
    cause,
  })

export const indexBehind = () =>
  new TrainyardError(
    'QUEUE_UNAVAILABLE',
    'unavailable',
    'Redis was away, and the list of jobs is being made again; try again in some seconds',
  )
