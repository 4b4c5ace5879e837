import { FieldErrors, quoteJson, TrainyardError } from '../errors.js'

export type FileErrorCode =
  | 'DATASET_EMPTY'
  | 'DATASET_TRUNCATED'
  | 'DATASET_TRAILING_BYTES'
  | 'DATASET_CHECKSUM'
  | 'DATASET_SIZE_MISMATCH'
  | 'DATASET_FORMAT'
  | 'DATASET_LABELS'
  | 'DATASET_IMAGE'
  | 'DATASET_DIMENSIONS'
  | 'DATASET_TOO_LARGE'
  | 'DATASET_ENCODING'
  | 'DATASET_HEADER'
  | 'DATASET_ROW'
  | 'DATASET_VALUE'

/** A place in an upload. Records count from 0; rows, lines and columns from 1. */
export interface FileLocation {
  file: string
  /** The path of a file within an archive. */
  entry?: string
  record?: number
  row?: number
  byte?: number
  line?: number
  column?: number
}

export function fileError(
  code: FileErrorCode,
  location: FileLocation,
  detail: string,
  cause?: unknown,
) {
  const parts = positionParts(location)
  const isCell = location.line !== undefined || location.column !== undefined
  const prefix = parts.join(isCell ? ', ' : ' at ')
  const place = [location.file, ...(location.entry === undefined ? [] : [location.entry])]
  const message = `${place.join(': ')}: ${prefix}${parts.length > 0 ? ': ' : ''}${detail}`
  return new TrainyardError(code, message, {
    errors: [
      {
        path: errorPath(location),
        code: code.toLowerCase() as Lowercase<FileErrorCode>,
        message: detail,
      },
    ],
    cause,
  })
}

/** Joins several errors with the same code into one. */
export function fileErrors(code: FileErrorCode, details: readonly [FileLocation, string][]) {
  const all = details.map(([location, detail]) => fileError(code, location, detail))
  const message = all.map(error => error.message).join('; ')
  return new TrainyardError(code, message, {
    errors: all.flatMap(error => error.errors),
  })
}

const positionParts = (location: FileLocation) =>
  (['record', 'row', 'byte', 'line', 'column'] as const)
    .filter(part => location[part] !== undefined)
    .map(part => `${part} ${location[part]}`)

function errorPath(location: FileLocation): string {
  const entry = location.entry === undefined ? [] : [`entry=${location.entry}`]
  const position = [...entry, ...positionParts(location).map(part => part.replace(' ', '='))]
  return position.length > 0 ? `${location.file}#${position.join('&')}` : location.file
}

/** A checksum of 32 bits, for a message. */
export const formatChecksum = (checksum: number): string =>
  `0x${checksum.toString(16).padStart(8, '0')}`

/** Adds an error about a form field; `message` continues the sentence that the field's name begins. */
export const addFormError = (errors: FieldErrors, field: string, message: string): void =>
  errors.add(`/${field}`, 'invalid_value', `${field} ${message}`)

/** Throws DATASET_FORM if there are fields: each says nothing about `content`. */
export function refuseFields(fieldNames: readonly string[], content: string): void {
  const errors = new FieldErrors()
  for (const field of fieldNames) addFormError(errors, field, `says nothing about ${content}`)
  errors.throwIfAny('DATASET_FORM')
}

export const tooManyUploads = (uploads: number) =>
  new TrainyardError('UPLOAD_BUSY', `${uploads} uploads are being converted already; try again`)

export const conversionKilled = (cause: Error) =>
  new TrainyardError('UPLOAD_INTERRUPTED', `${cause.message}; upload the files again`, { cause })

export const differentKinds = (one: Described, other: Described) => {
  const is = ({ name, kind }: Described) =>
    `'${name}' ${kind === 'table' ? 'is a table' : 'has images'}`
  return new TrainyardError('DATASET_KIND', `${is(one)}, and ${is(other)}: they cannot be compared`)
}

interface Described {
  name: string
  kind: 'images' | 'table'
}

export const invalidName = (name: string) =>
  new TrainyardError(
    'DATASET_NAME',
    `${quoteJson(name)} is the form of an id: a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first`,
  )

export const noVersions = (name: string) =>
  new TrainyardError('DATASET_NOT_FOUND', `no data set has the name ${quoteJson(name)}`)

export const datasetNotFound = (idOrName: string) =>
  new TrainyardError('DATASET_NOT_FOUND', `there is no data set ${quoteJson(idOrName)}`)

/** A file that is not the server's own was written, replaced or removed. */
export const sourceChanged = (name: string, cause?: unknown) =>
  new TrainyardError(
    'SOURCE_CHANGED',
    `${name} changed while it was read; try again when nothing writes to it`,
    { cause },
  )
