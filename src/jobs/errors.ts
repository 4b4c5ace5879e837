import { TrainyardError } from '../errors.js'

export const jobNotFound = (id: string) =>
  new TrainyardError('JOB_NOT_FOUND', 'missing', `there is no job '${id}'`)

export const checkpointNotFound = (id: string, step: number) =>
  new TrainyardError('CHECKPOINT_NOT_FOUND', 'missing', `job '${id}' has no checkpoint ${step}`)

export const jobActive = (id: string, status: string) =>
  new TrainyardError('JOB_ACTIVE', 'conflict', `job '${id}' is ${status}; cancel it first`)

export const jobEnded = (id: string, status: string) =>
  new TrainyardError('JOB_ENDED', 'conflict', `job '${id}' has ${status} already`)
