import { TrainyardError } from '../../errors.js'

export const queueUnavailable = (cause: unknown) =>
  new TrainyardError('QUEUE_UNAVAILABLE', 'Redis does not answer; try again', {
    cause,
  })

export const indexStale = () =>
  new TrainyardError(
    'QUEUE_UNAVAILABLE',
    'Redis was away, and the list of jobs is being made again; try again in some seconds',
  )
