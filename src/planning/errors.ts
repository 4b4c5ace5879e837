import { type FieldError, fieldError, TrainyardError } from '../errors.js'

export function invalidJob(fieldErrors: readonly FieldError[]): TrainyardError {
  const detail = fieldErrors.map(({ message }) => message).join('; ')
  return new TrainyardError('INVALID_JOB', detail, { errors: fieldErrors })
}

export const unknownDataset = (path: string, { message }: Error) =>
  invalidJob([fieldError(path, 'dataset_not_found', message)])
