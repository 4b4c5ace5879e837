import { fieldError, TrainyardError } from '../../errors.js'
import type { RemovedCheckpoints } from '../../spec/checkpoint.js'
import { maxLabels } from '../../spec/labels.js'
import { hints, isTerminal, type JobAction, type JobState } from './states.js'

export const jobNotFound = (id: string) =>
  new TrainyardError('JOB_NOT_FOUND', `there is no job '${id}'`)

export function checkpointNotFound(
  id: string,
  step: number,
  removed: RemovedCheckpoints | null,
): TrainyardError {
  const message = removed?.steps.includes(step)
    ? `job '${id}' has checkpoint ${step} no more: it was removed at ${removed.at}, some days after the job had ended (TRAINYARD_CHECKPOINT_DAYS)`
    : `job '${id}' has no checkpoint ${step}`
  return new TrainyardError('CHECKPOINT_NOT_FOUND', message)
}

/** For an action that the transition table does not allow. */
export function transitionNotAllowed(
  id: string,
  state: JobState,
  action: JobAction,
): TrainyardError {
  const code = isTerminal(state) ? 'JOB_ENDED' : 'JOB_ACTIVE'
  const hint = hints[state]?.[action] ?? 'it has been removed'
  return new TrainyardError(
    code,
    `job '${id}' is ${state} and cannot be ${participles[action]}: ${hint}`,
  )
}

const participles: Record<JobAction, string> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
  retry: 'retried',
  remove: 'removed',
}

/** For a new priority of a job that does not wait. */
export const priorityNotChangeable = (id: string, state: JobState) =>
  new TrainyardError(
    isTerminal(state) ? 'JOB_ENDED' : 'JOB_ACTIVE',
    `job '${id}' is ${state}, and a priority matters only to a job that waits: leave priority out; name and labels can be changed`,
  )

/** For other resources of a job that runs, or has succeeded. */
export const resourcesNotChangeable = (id: string, state: JobState) => {
  const cure = isTerminal(state)
    ? 'nothing of it runs any more: leave resources out'
    : state === 'cancelling'
      ? 'change them once it has ended, and retry it'
      : 'pause it first, and resume it with others'
  return new TrainyardError(
    isTerminal(state) ? 'JOB_ENDED' : 'JOB_ACTIVE',
    `job '${id}' is ${state}, and an attempt keeps the resources with which it began: ${cure}`,
  )
}

export const treesHaveWorkers = (id: string, before: number, after: number) => {
  const message = `job '${id}' has begun to grow trees with resources.workers ${before}, and ${after} would grow other trees: submit it as a new job`
  return new TrainyardError('INVALID_JOB', message, {
    errors: [fieldError('/resources/workers', 'contradiction', message)],
  })
}

export const tooManyLabels = (count: number) => {
  const message = `the job would have ${count} labels, expected at most ${maxLabels}: remove some by setting them to null`
  return new TrainyardError('INVALID_JOB', message, {
    errors: [fieldError('/labels', 'too_long', message)],
  })
}

export const datasetGone = (id: string, { message }: Error) =>
  new TrainyardError('DATASET_GONE', `job '${id}' cannot be retried: ${message}; upload it again`)
