import { type ErrorExtras, flaw, pointer, TrainyardError } from '../../errors.js'

interface RefusalExtras extends ErrorExtras {
  headers?: Record<string, string>
}

/** What HTTP itself gives reason to refuse, before any other part is asked. */
export class Refusal extends TrainyardError {
  readonly headers: Record<string, string>

  constructor(
    readonly status: number,
    code: string,
    message: string,
    { headers = {}, ...extras }: RefusalExtras = {},
  ) {
    super(code, 'invalid', message, extras)
    this.name = 'Refusal'
    this.headers = headers
  }
}

/** A body with one bad place. */
export const invalidRequest = (path: string, code: string, message: string) =>
  new Refusal(400, 'INVALID_REQUEST', message, { errors: [flaw(path, code, message)] })

const longestName = 60

/** A body with a field that nobody asked for; `hint` says what was expected. */
export function unknownField(field: string, hint: string) {
  const name = field.length > longestName ? `${field.slice(0, longestName)}…` : field
  return invalidRequest(`/${pointer(name)}`, 'unknown_field', `unknown field '${name}'${hint}`)
}
