import {
  escapePointerToken,
  fieldError,
  quoteTruncated,
  TrainyardError,
  type TrainyardErrorOptions,
  truncate,
} from '../../errors.js'

interface HttpErrorOptions extends TrainyardErrorOptions {
  headers?: Record<string, string>
}

/** What HTTP itself gives reason to refuse, before any other part is asked. */
export class HttpError extends TrainyardError {
  readonly headers: Record<string, string>

  constructor(
    readonly status: number,
    code: string,
    message: string,
    { headers = {}, ...extras }: HttpErrorOptions = {},
  ) {
    super(code, 'invalid', message, extras)
    this.name = 'HttpError'
    this.headers = headers
  }
}

/** A body with one bad place. */
export const invalidRequest = (path: string, code: string, message: string) =>
  new HttpError(400, 'INVALID_REQUEST', message, { errors: [fieldError(path, code, message)] })

/** A body with an unknown field. `hint` says which fields are expected. */
export const unknownField = (field: string, hint: string) =>
  invalidRequest(
    `/${escapePointerToken(truncate(field))}`,
    'unknown_field',
    `unknown field ${quoteTruncated(field)}${hint}`,
  )
