// Errors lose their class between processes. This pair keeps what the receiver needs to rebuild them.
import { DamagedError, isDamaged, TrainyardError } from '../errors.js'
import type { WireError } from '../spec/ipc-messages.js'

/** Causes beyond this depth are dropped, since a chain of causes may be circular. */
const maxCauseDepth = 8

/** Turns any thrown value into plain data that IPC and JSON can carry. */
export function encodeError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const wire: WireError = { name: error.name, message: error.message }
  if (error.stack !== undefined) wire.stack = error.stack
  if (error instanceof TrainyardError) {
    wire.trainyard = { code: error.code, errors: [...error.errors] }
    if (isDamaged(error)) {
      const { file, reason } = error.damage
      wire.damage = { file, reason }
    }
  } else if ('code' in error && typeof error.code === 'string') {
    wire.code = error.code
  }
  if (error.cause !== undefined && depth < maxCauseDepth) {
    wire.cause = encodeError(error.cause, depth + 1)
  }
  return wire
}

/** Rebuilds a TrainyardError or DamagedError as one, and every other error as an Error with its name, code and stack. */
export function decodeError(wire: WireError): Error {
  const cause = wire.cause && decodeError(wire.cause)
  const error = fromWire(wire, cause)
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}

function fromWire(wire: WireError, cause?: Error): Error {
  const { name, message, code, trainyard, damage } = wire
  if (damage) return new DamagedError(damage.file, damage.reason, cause)
  if (trainyard) {
    return new TrainyardError(trainyard.code, message, { errors: trainyard.errors, cause })
  }
  const error = new Error(message, cause && { cause })
  return Object.assign(error, { name }, code === undefined ? {} : { code })
}
