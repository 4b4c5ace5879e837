import { type ErrorExtras, flaw, TrainyardError } from '../errors.js'

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
