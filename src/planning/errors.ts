import { type FieldError, fieldError, isMissing, TrainyardError } from '../errors.js'
import type { FieldErrorCode } from '../spec/field-error-codes.js'

export function invalidJob(fieldErrors: readonly FieldError[]): TrainyardError {
  const detail = fieldErrors.map(({ message }) => message).join('; ')
  return new TrainyardError('INVALID_JOB', detail, { errors: fieldErrors })
}

/** Turns "not found" into an error of the field that names the thing. `toError`: how such an error is made. */
export async function orFieldError<T>(
  path: string,
  code: FieldErrorCode,
  found: Promise<T>,
  toError = invalidField,
): Promise<T> {
  return found.catch(error => {
    if (isMissing(error)) throw toError(path, code, error.message)
    throw error
  })
}

const invalidField = (path: string, code: FieldErrorCode, message: string) =>
  invalidJob([fieldError(path, code, message)])
