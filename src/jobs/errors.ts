import { TrainyardError } from '../errors.js'

export const jobNotFound = (id: string) =>
  new TrainyardError('JOB_NOT_FOUND', 'missing', `there is no job '${id}'`)

export const checkpointNotFound = (id: string, step: number) =>
  new TrainyardError('CHECKPOINT_NOT_FOUND', 'missing', `job '${id}' has no checkpoint ${step}`)

export const jobActive = (id: string, status: string) =>
  new TrainyardError('JOB_ACTIVE', 'conflict', `job '${id}' is ${status}; cancel it first`)

export const jobEnded = (id: string, status: string) =>
  new TrainyardError('JOB_ENDED', 'conflict', `job '${id}' has ${status} already`)

export const invalidCursor = (cursor: string) =>
  new TrainyardError('INVALID_CURSOR', 'invalid', `the cursor '${cursor}' is not one of ours`, {
    errors: [{ path: '/cursor', code: 'invalid', message: 'use the nextCursor of a page' }],
  })

export const queueUnavailable = (cause: unknown) =>
  new TrainyardError('QUEUE_UNAVAILABLE', 'unavailable', 'Redis does not answer; try again', {
    cause,
  })

export const unknownDataset = (path: string, { message }: Error) =>
  new TrainyardError('INVALID_JOB', 'invalid', message, {
    errors: [{ path, code: 'dataset_not_found', message }],
  })
