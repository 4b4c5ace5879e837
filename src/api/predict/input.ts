import type { EncodedRows, RowModel, RowPredictionOptions } from '../../serving/row-encoding.js'
import { HttpError } from '../http/http-error.js'
import { jsonTooLarge, malformedJson } from '../http/json.js'
import type { Limits } from '../http/limits.js'
import { type ImageInput, type Pixels, readInstances } from './instances.js'
import { readRows } from './rows.js'

/** The body of a prediction request, and what the model takes. It is plain data, for another thread. */
export type InputTask = { bytes: Uint8Array; limits: Limits } & (
  | { kind: 'pixels'; input: ImageInput; classes: number }
  | { kind: 'rows'; format: 'json' | 'csv'; model: RowModel; options: RowPredictionOptions }
)

export type ModelInput = Pixels | EncodedRows

/** Images have an array for each pixel. */
const maxJsonSize = { depth: 64, parts: 2 ** 23 }

/** Body → the numbers that the model takes. Throws a TrainyardError unless every instance fits the model. */
export function readInput(task: InputTask): ModelInput {
  const { limits } = task
  if (task.kind === 'pixels') {
    // the answer has a probability for each class
    const answerable = Math.floor(limits.predictionValues / task.classes)
    const maxInstances = Math.min(limits.instances, Math.max(1, answerable))
    return readInstances(parseJson(task.bytes), task.input, maxInstances)
  }
  const { format, model, options, bytes } = task
  return readRows(format === 'csv' ? bytes : parseJson(bytes), model, options, limits)
}

function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes)
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
