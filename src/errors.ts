import type { FailureCode } from './spec/job.js'

/** `invalid`: the caller must change the request. `unavailable`: the same request may work later. */
export type ErrorKind = 'invalid' | 'missing' | 'conflict' | 'unavailable'

/** One bad place in a request; `path` is a JSON pointer, or a byte or record position in a file. */
export interface FieldError {
  path: string
  code: string
  message: string
}

export const fieldError = (path: string, code: string, message: string): FieldError => ({
  path,
  code,
  message,
})

/** A name as a part of a JSON pointer: RFC 6901, section 3. */
export const escapePointerToken = (name: string): string =>
  name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Cuts a user's text for an error message. */
export const truncate = (text: string, maxLength = 60): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text

/** Cuts a user's text and puts it in quotes, for an error message. */
export const quoteTruncated = (text: string, maxLength?: number): string =>
  `'${truncate(text, maxLength)}'`

export interface TrainyardErrorOptions {
  errors?: readonly FieldError[]
  cause?: unknown
}

/** Trouble that someone outside the code can cure. A plain `Error` is a bug. */
export class TrainyardError extends Error {
  readonly errors: readonly FieldError[]

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    { errors = [], cause }: TrainyardErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TrainyardError'
    this.errors = errors
  }
}

export const isMissing = (error: unknown): error is TrainyardError =>
  error instanceof TrainyardError && error.kind === 'missing'

/** Collects the invalid fields of a request, so that all are reported at once. */
export class FieldErrors {
  readonly all: FieldError[] = []

  add(path: string, code: string, message: string): void {
    this.all.push({ path, code, message })
  }

  /** Adds the message if there is one: for checks that return null if a value is valid. */
  addIf(path: string, code: string, message: string | null): void {
    if (message !== null) this.add(path, code, message)
  }

  throwIfAny(code: string): void {
    if (this.all.length === 0) return
    const message = this.all.map(error => error.message).join('; ')
    throw new TrainyardError(code, 'invalid', message, { errors: this.all })
  }
}

export const invalidCursor = (cursor: string) =>
  new TrainyardError('INVALID_CURSOR', 'invalid', `the cursor '${cursor}' is not one of ours`, {
    errors: [{ path: '/cursor', code: 'invalid', message: 'use the nextCursor of a page' }],
  })

/** An error that fails a training job: every later attempt would meet it too. It becomes `failure` of the job. */
export class TrainingFailure extends Error {
  constructor(
    readonly code: FailureCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'TrainingFailure'
  }
}
