import { TrainyardError } from '../../errors.js'

/** The server's rules do not allow the place. */
export const sourceRefused = (message: string) => new TrainyardError('SOURCE_REFUSED', message)

/** The place is allowed, and cannot be read. */
export const sourceFailed = (message: string, cause?: unknown) =>
  new TrainyardError('SOURCE_FAILED', message, { cause })

export const sourceChecksum = (name: string, expected: string, found: string) =>
  new TrainyardError(
    'SOURCE_CHECKSUM',
    `${name} has the SHA-256 ${found}, and the request expects ${expected}`,
  )

export const uploadNotFound = (id: string) =>
  new TrainyardError(
    'UPLOAD_NOT_FOUND',
    `there is no upload '${id}'; it was used, deleted, or removed a day after its last byte`,
  )

export const uploadIncomplete = (id: string, received: number, size: number | null) =>
  new TrainyardError(
    'UPLOAD_INCOMPLETE',
    `upload '${id}' has ${received} of ${size ?? 'an unknown number of'} bytes; send the rest first`,
  )
