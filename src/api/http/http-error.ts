import {
  escapePointerToken,
  fieldError,
  TrainyardError,
  type TrainyardErrorOptions,
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

const maxNameLength = 60

/** A body with a field that nobody asked for; `hint` says what was expected. */
export function unknownField(field: string, hint: string) {
  const name = field.length > maxNameLength ? `${field.slice(0, maxNameLength)}…` : field
  return invalidRequest(
    `/${escapePointerToken(name)}`,
    'unknown_field',
    `unknown field '${name}'${hint}`,
  )
}
