import {
  escapePointerToken,
  fieldError,
  quoteTruncated,
  TrainyardError,
  type TrainyardErrorOptions,
  truncate,
} from '../../errors.js'
import { type HttpErrorCode, statusOf } from '../../spec/error-codes.js'
import type { FieldErrorCode } from '../../spec/field-error-codes.js'

interface HttpErrorOptions extends TrainyardErrorOptions {
  headers?: Record<string, string>
  /** Instead of the code's own status. */
  status?: number
}

/** A request that fails before any part but HTTP sees it. */
export class HttpError extends TrainyardError {
  readonly headers: Record<string, string>
  readonly status: number

  constructor(
    code: HttpErrorCode,
    message: string,
    { headers = {}, status = statusOf(code), ...options }: HttpErrorOptions = {},
  ) {
    super(code, message, options)
    this.name = 'HttpError'
    this.headers = headers
    this.status = status
  }
}

/** Rejects a body that has one error, at `path`. */
export const invalidRequest = (path: string, code: FieldErrorCode, message: string) =>
  new HttpError('INVALID_REQUEST', message, { errors: [fieldError(path, code, message)] })

/** Rejects a query whose parameters do not go together. `cure` says what to do about the one with this name. */
export const queryConflict = (name: string, message: string, cure: string) =>
  new HttpError('INVALID_REQUEST', message, {
    errors: [fieldError(`querystring:/${name}`, 'invalid', cure)],
  })

/** Rejects a parameter of a query whose value cannot be had. `cure` says which values can. */
export const invalidQuery = (name: string, message: string, cure: string) =>
  new HttpError('INVALID_QUERY', message, {
    errors: [fieldError(`querystring:/${name}`, 'not_allowed', cure)],
  })

/** Rejects a body with an unknown field. `hint` says which fields are expected. */
export const unknownField = (field: string, hint: string) =>
  invalidRequest(
    `/${escapePointerToken(truncate(field))}`,
    'unknown_field',
    `unknown field ${quoteTruncated(field)}${hint}`,
  )
