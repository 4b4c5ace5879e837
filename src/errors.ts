import { type Damage, describeDamage } from './spec/damage.js'
import { type ErrorCode, type ErrorKind, kindOf } from './spec/error-codes.js'
import type { FailureCode } from './spec/failure-codes.js'
import type { FieldErrorCode } from './spec/field-error-codes.js'

/** One invalid field of a request, or one invalid place in an uploaded file. */
export interface FieldError {
  /** A JSON pointer (`/training/steps`), a part of the request (`querystring:/limit`), or a place in a file (`a.csv#line=2`). */
  path: string
  code: FieldErrorCode
  message: string
}

export const fieldError = (path: string, code: FieldErrorCode, message: string): FieldError => ({
  path,
  code,
  message,
})

/** Escapes a name as a part of a JSON pointer (RFC 6901, section 3). */
export const escapePointerToken = (name: string): string =>
  name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Shortens a user's text for an error message. */
export const truncate = (text: string, maxLength = 60): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text

/** Shortens a user's text and puts it in quotes, for an error message. */
export const quoteTruncated = (text: string, maxLength?: number): string =>
  `'${truncate(text, maxLength)}'`

/** Cuts a value as JSON, for messages about data: control characters are visible and 5 differs from "5". */
export const quoteJson = (value: unknown, maxLength = 100): string =>
  truncate(JSON.stringify(value) ?? String(value), maxLength)

/** Longer lists of errors do not help, and a hostile request could make them arbitrarily long. */
export const maxListedErrors = 100

/** The message of an error with these field errors, of which there may be more than are given. */
export function joinMessages(fieldErrors: readonly FieldError[], unlisted = 0): string {
  const listed = fieldErrors.map(({ message }) => message).join('; ')
  return unlisted > 0 ? `${listed}; and ${unlisted.toLocaleString('en')} more` : listed
}

/** Lines of a stack trace, of what Node prints around an error, and TensorFlow's lists of nodes. */
const traceLine =
  /^\s*(at .*|\^+|[{}\]]+,?|Node\.js v\d.*|node:internal.*|file:\/\/.*:\d+|#\d+ .*|\.\.\. \d+ (lines matching|more).*|\[\[\{\{node .*|Stack trace:|\[cause\]: .*|\[?(errno|code|syscall|kind|errors|path)\]?: .*)?$/

export const isTraceLine = (line: string): boolean => traceLine.test(line)

/** A text as one line without stack trace, for a message that clients see. */
export function toOneLine(text: string, maxLength = 1000): string {
  const lines = text.split(/[\r\n]+/).filter(line => !isTraceLine(line))
  return truncate(
    lines.join(' ').replaceAll(/\s+/g, ' ').replaceAll(/\p{C}/gu, '').trim(),
    maxLength,
  )
}

export interface TrainyardErrorOptions {
  errors?: readonly FieldError[]
  cause?: unknown
  /** When the caller should try again, if it is known. */
  retryAfterSeconds?: number
}

/**
 * An expected error, which the caller or the operator can fix. A plain `Error` is a bug. `code` sets the
 * HTTP status (src/spec/error-codes.ts).
 */
export class TrainyardError extends Error {
  readonly kind: ErrorKind
  readonly errors: readonly FieldError[]
  readonly retryAfterSeconds: number | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    { errors = [], cause, retryAfterSeconds }: TrainyardErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TrainyardError'
    this.kind = kindOf(code)
    this.errors = errors
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/**
 * A file of the data folder that is damaged, so that what it belongs to cannot be used. `file` is relative
 * to the data folder; `reason` completes "the file …".
 */
export class DamagedError extends TrainyardError {
  readonly damage: Damage

  constructor(file: string, reason: string, cause?: unknown) {
    const { cure, ...damage } = describeDamage(file, reason)
    super('DAMAGED', `${file} ${reason}: restore it from a backup, or ${cure}`, { cause })
    this.name = 'DamagedError'
    this.damage = damage
  }
}

export const isDamaged = (error: unknown): error is DamagedError => error instanceof DamagedError

/** For `.catch`: returns null for damage, and throws any other error. */
export function nullIfDamaged(error: unknown): null {
  if (isDamaged(error)) return null
  throw error
}

/** Ends the job: every later attempt would fail too. The code and the message become the job's `failure`. */
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

export const isMissing = (error: unknown): error is TrainyardError =>
  error instanceof TrainyardError && error.kind === 'missing'

/** Collects the invalid fields of a request, so that all are reported at once; of many, the first 100. */
export class FieldErrors {
  readonly all: FieldError[] = []
  private unlisted = 0

  add(path: string, code: FieldErrorCode, message: string): void {
    if (this.all.length < maxListedErrors) this.all.push({ path, code, message })
    else this.unlisted++
  }

  /** Adds an error unless `message` is null. For checks that return null if a value is valid. */
  addIf(path: string, code: FieldErrorCode, message: string | null): void {
    if (message !== null) this.add(path, code, message)
  }

  /** Throws a TrainyardError with the errors, if there are any. Its message counts those that it does not list. */
  throwIfAny(code: ErrorCode): void {
    if (this.all.length === 0) return
    throw new TrainyardError(code, joinMessages(this.all, this.unlisted), { errors: this.all })
  }
}

export const addressUnusable = (
  host: string,
  port: number,
  cause: NodeJS.ErrnoException,
  setting = 'TRAINYARD_PORT',
) =>
  new TrainyardError(
    'ADDRESS_UNUSABLE',
    `cannot listen on ${host}, port ${port} (${cause.code ?? cause.message}); choose others with TRAINYARD_HOST and ${setting}`,
    { cause },
  )

export const invalidCursor = (cursor: string) =>
  new TrainyardError(
    'INVALID_CURSOR',
    `the cursor ${quoteTruncated(cursor)} was not issued by this server`,
    {
      errors: [{ path: '/cursor', code: 'invalid', message: 'use the nextCursor of a page' }],
    },
  )

/**
 * Another rank of the job is gone, or cannot be reached: says nothing about the job, and the next attempt starts all
 * ranks again.
 */
export class RankLost extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RankLost'
  }
}
