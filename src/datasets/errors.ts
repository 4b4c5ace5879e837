import { TrainyardError } from '../errors.js'

export type FileErrorCode =
  | 'DATASET_EMPTY'
  | 'DATASET_TRUNCATED'
  | 'DATASET_TRAILING_BYTES'
  | 'DATASET_CHECKSUM'
  | 'DATASET_SIZE_MISMATCH'
  | 'DATASET_FORMAT'
  | 'DATASET_LABELS'
  | 'DATASET_DIMENSIONS'
  | 'DATASET_TOO_LARGE'

/** Where in an upload; records count from 0. */
export interface Place {
  file: string
  record?: number
  byte?: number
}

export function fileError(code: FileErrorCode, place: Place, trouble: string, cause?: unknown) {
  const { file, record, byte } = place
  const where = [
    ...(record === undefined ? [] : [`record ${record}`]),
    ...(byte === undefined ? [] : [`byte ${byte}`]),
  ]
  const message = `${file}: ${where.join(' at ')}${where.length > 0 ? ': ' : ''}${trouble}`
  const position = where.map(part => part.replace(' ', '=')).join('&')
  const path = position ? `${file}#${position}` : file
  return new TrainyardError(code, 'invalid', message, {
    errors: [{ path, code: code.toLowerCase(), message: trouble }],
    cause,
  })
}

export const datasetNotFound = (idOrName: string) =>
  new TrainyardError(
    'DATASET_NOT_FOUND',
    'missing',
    `there is no data set ${JSON.stringify(idOrName.slice(0, 100))}`,
  )

/** Errors lose their class on the way out of a process; this is what is left to rebuild one from. */
export interface PlainError {
  code: string
  kind: TrainyardError['kind']
  message: string
  errors: TrainyardError['errors']
}

export const toPlain = ({ code, kind, message, errors }: TrainyardError): PlainError => ({
  code,
  kind,
  message,
  errors,
})

export const fromPlain = ({ code, kind, message, errors }: PlainError) =>
  new TrainyardError(code, kind, message, { errors })
