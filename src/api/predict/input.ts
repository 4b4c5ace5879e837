import type { EncodedRows, RowModel, RowPredictionOptions } from '../../predictions/row-encoding.js'
import { imageCounts } from '../../serving/image-counts.js'
import type { ReadImages } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import { HttpError } from '../http/http-error.js'
import { jsonTooLarge, malformedJson } from '../http/json.js'
import type { Limits } from '../http/limits.js'
import { readInstances } from './instances.js'
import { type ProtocolInput, type ProtocolTask, readProtocolInput } from './protocol-input.js'
import { readRows } from './rows.js'
import { readImageTensor, readRowTensor, type TensorForm } from './tensor.js'

/** How the numbers of a body are written. */
export type BodyFormat =
  | { format: 'json' | 'csv' | 'arrow' | 'parquet' }
  | { format: 'tensor'; tensor: TensorForm }

/** The body of a prediction request, and what the model takes. It is plain data, for another thread. */
export type InputTask = OwnTask | ProtocolTask

type OwnTask = { bytes: Uint8Array; limits: Limits; body: BodyFormat } & (
  | { kind: 'images'; input: FileInput; classes: number }
  | { kind: 'rows'; model: RowModel; options: RowPredictionOptions }
)

export type ModelInput = ReadImages | EncodedRows | ProtocolInput

/** Images have an array for each pixel. */
const maxJsonSize = { depth: 64, parts: 2 ** 23 }

/** Body → the numbers that the model takes. Throws a TrainyardError unless every instance fits the model. */
export function readInput(task: InputTask): ModelInput | Promise<ModelInput> {
  if ('body' in task) return task.kind === 'images' ? readImages(task) : readTableRows(task)
  return readProtocolInput(task, parseJson)
}

function readImages({
  bytes,
  limits,
  body,
  input,
  classes,
}: InputTask & { kind: 'images' }): ReadImages | Promise<ReadImages> {
  const counts = imageCounts(input, classes, limits)
  switch (body.format) {
    case 'tensor':
      return readImageTensor(bytes, body.tensor, input, counts.pixels)
    case 'arrow':
      return import('./arrow-input.js').then(({ readArrowImages }) =>
        readArrowImages(bytes, input, counts, limits.imagePixels),
      )
    default:
      return readInstances(parseJson(bytes), input, counts, limits.imagePixels)
  }
}

function readTableRows({
  bytes,
  limits,
  body,
  model,
  options,
}: InputTask & { kind: 'rows' }): EncodedRows | Promise<EncodedRows> {
  switch (body.format) {
    case 'tensor':
      return readRowTensor(bytes, body.tensor, model, options, limits)
    case 'arrow':
    case 'parquet': {
      const { format } = body
      return import('./arrow-input.js').then(({ readTypedRows }) =>
        readTypedRows(format, bytes, model, options, limits),
      )
    }
    default:
      return readRows(body.format === 'csv' ? bytes : parseJson(bytes), model, options, limits)
  }
}

const decoder = new TextDecoder()

/** Undefined for an empty body. Throws for a text that is no JSON, or that takes long to parse. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes)
  if (text === '') return undefined
  const tooLarge = jsonTooLarge(text, maxJsonSize)
  if (tooLarge) throw tooLarge
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw malformedJson(text)
    throw new HttpError('BODY_TOO_LARGE', 'the body cannot be parsed', { cause: error })
  }
}
