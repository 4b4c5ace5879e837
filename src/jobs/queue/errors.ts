import { TrainyardError } from '../../errors.js'

export const queueUnavailable = (cause: unknown) =>
  new TrainyardError('QUEUE_UNAVAILABLE', 'Redis does not answer; try again', {
    cause,
  })

/** For `.catch`. */
export function throwUnavailable(cause: unknown): never {
  throw queueUnavailable(cause)
}

export const workerNotFound = (id: string) =>
  new TrainyardError('WORKER_NOT_FOUND', `no worker that is alive has the id ${id}`)

export const logNotBegun = () =>
  new TrainyardError(
    'QUEUE_UNAVAILABLE',
    'the log of changes begins again after Redis lost its data; try again in a few seconds',
  )

export const indexStale = () =>
  new TrainyardError(
    'QUEUE_UNAVAILABLE',
    'the job list is being rebuilt after a Redis outage; try again in a few seconds',
  )
