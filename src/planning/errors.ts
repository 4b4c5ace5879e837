import { type Flaw, flaw, TrainyardError } from '../errors.js'

export function invalidJob(flaws: readonly Flaw[]): TrainyardError {
  const detail = flaws.map(({ message }) => message).join('; ')
  return new TrainyardError('INVALID_JOB', 'invalid', detail, { errors: flaws })
}

export const unknownDataset = (path: string, { message }: Error) =>
  invalidJob([flaw(path, 'dataset_not_found', message)])
