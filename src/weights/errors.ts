import { quoteJson, TrainyardError } from '../errors.js'

export const expectedFiles =
  'expected a TensorFlow checkpoint: its .index file and all .data-…-of-… files, or the single file of the old format'

export const unexpectedFileError = (file: string, found: string) =>
  new TrainyardError('WEIGHTS_FORMAT', `${file} is ${found}; ${expectedFiles}`)

export const weightsNotFound = (id: string) =>
  new TrainyardError('WEIGHTS_NOT_FOUND', `there are no weights ${quoteJson(id)}`)
