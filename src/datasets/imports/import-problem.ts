import { STATUS_CODES } from 'node:http'
import { TrainyardError } from '../../errors.js'
import { statusOf } from '../../spec/error-codes.js'
import type { Problem } from '../../spec/problem.js'

export const importNotFound = (id: string) =>
  new TrainyardError('IMPORT_NOT_FOUND', `there is no import '${id}'`)

export const cancelled = () => new TrainyardError('IMPORT_CANCELLED', 'the import was cancelled')

export const interrupted = () =>
  new TrainyardError(
    'IMPORT_INTERRUPTED',
    'the server ended while it made the data set, and removed its files; send the request again',
  )

export const tooManyImports = (count: number) =>
  new TrainyardError('UPLOAD_BUSY', `${count} imports wait already; try again`)

/** What an answer would say of the error. A bug shows no details: the log has them. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof TrainyardError ? error : null
  const code = known?.code ?? 'INTERNAL'
  const status = statusOf(code)
  const errors = known?.errors ?? []
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: known?.message ?? "internal error; the server's log has the details",
    ...(errors.length > 0 && { errors: [...errors] }),
  }
}
