import { TrainyardError } from '../errors.js'
import { ChildExitError, ChildKilledError } from '../ipc/child-errors.js'
import { ChildBusyError } from '../ipc/kept-child.js'

export const restartedError = () =>
  new TrainyardError('PREDICTOR_RESTARTED', 'the predictor is restarting; try again')

export const busyError = (maxInFlight: number) =>
  new TrainyardError('PREDICTOR_BUSY', `${maxInFlight} predictions are waiting already; try again`)

/** `waitMs`: how long the request would wait for its turn. */
export function tooLongWait(waitMs: number, maxWaitMs: number): TrainyardError {
  const seconds = (ms: number) => (Math.max(0, ms) / 1000).toFixed(1)
  const limit =
    maxWaitMs <= 0
      ? 'its deadline has passed'
      : `at most ${seconds(maxWaitMs)} s are allowed by its deadline or by this server`
  const message = `the prediction would wait for ${seconds(waitMs)} s, and ${limit}; try again`
  return new TrainyardError('PREDICTOR_BUSY', message, {
    retryAfterSeconds: Math.max(1, Math.ceil((waitMs - Math.max(0, maxWaitMs)) / 1000)),
  })
}

export const timeoutError = (timeoutMs: number) =>
  new TrainyardError('PREDICTOR_TIMEOUT', `no prediction within ${Math.round(timeoutMs)} ms`)

export const crashesError = () =>
  new TrainyardError(
    'PREDICTION_CRASHES',
    'the predictor process has ended twice while it ran this request, so it is not tried again',
  )

export const loadCrashesError = () =>
  new TrainyardError(
    'PREDICTOR_RESTARTED',
    'the predictor process has ended twice while it loaded this model; try again in a minute',
    { retryAfterSeconds: 60 },
  )

export const cancelledError = () =>
  new TrainyardError('PREDICTION_CANCELLED', 'the client has gone before its prediction ran')

/** What the client of a child that is kept for tasks learns if the child fails. */
export function toPredictorError(error: unknown): unknown {
  if (error instanceof ChildBusyError)
    return new TrainyardError('PREDICTOR_BUSY', `${error.message}; try again`, { cause: error })
  if (error instanceof ChildKilledError && error.reason === 'timeout')
    return new TrainyardError('PREDICTOR_TIMEOUT', error.message, { cause: error })
  if (error instanceof ChildKilledError || error instanceof ChildExitError)
    return new TrainyardError('PREDICTOR_RESTARTED', `${error.message}; try again`, {
      cause: error,
    })
  return error
}
