import { type Flaw, TrainyardError } from '../errors.js'

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
  | 'DATASET_ENCODING'
  | 'DATASET_HEADER'
  | 'DATASET_ROW'
  | 'DATASET_VALUE'

/** Where in an upload; records count from 0, lines and columns of a text from 1. */
export interface Place {
  file: string
  record?: number
  byte?: number
  line?: number
  column?: number
}

export function fileError(code: FileErrorCode, place: Place, trouble: string, cause?: unknown) {
  const where = positionOf(place)
  const found = where.join(place.line === undefined ? ' at ' : ', ')
  const message = `${place.file}: ${found}${where.length > 0 ? ': ' : ''}${trouble}`
  return new TrainyardError(code, 'invalid', message, {
    errors: [{ path: pathOf(place), code: code.toLowerCase(), message: trouble }],
    cause,
  })
}

/** Several errors of one kind as one, each with its place. */
export function fileErrors(code: FileErrorCode, flaws: readonly [Place, string][]) {
  const all = flaws.map(([place, trouble]) => fileError(code, place, trouble))
  const message = all.map(error => error.message).join('; ')
  return new TrainyardError(code, 'invalid', message, { errors: all.flatMap(one => one.errors) })
}

const positionOf = (place: Place) =>
  (['record', 'byte', 'line', 'column'] as const)
    .filter(part => place[part] !== undefined)
    .map(part => `${part} ${place[part]}`)

function pathOf(place: Place): string {
  const position = positionOf(place).map(part => part.replace(' ', '='))
  return position.length > 0 ? `${place.file}#${position.join('&')}` : place.file
}

/** Names every bad field at once. */
export function checkFlaws<T>(check: (flaw: (field: string, message: string) => void) => T): T {
  const flaws: Flaw[] = []
  const checked = check((field, message) => {
    flaws.push({ path: `/${field}`, code: `invalid_${field}`, message: `${field} ${message}` })
  })
  if (flaws.length === 0) return checked
  const detail = flaws.map(({ message }) => message).join('; ')
  throw new TrainyardError('DATASET_FORM', 'invalid', detail, { errors: flaws })
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
