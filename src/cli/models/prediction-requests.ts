import type { Client } from '../../client/client.js'
import type { PredictInput } from '../../client/predict-input.js'
import type { Predictor } from '../../client/prediction-calls.js'
import { usageError } from '../failure.js'
import { type InputFile, mediaTypeOf, readInput } from './input-files.js'
import { type PartLimits, partsOfCsv, partsOfRows, rowsOfJson } from './row-parts.js'

/** One request for predictions. */
export interface PredictionRequest {
  body: PredictInput
  /** The file of each of its images, or the one file of its rows. */
  files: readonly string[]
  /** Of its first row in the file. */
  firstRow: number
}

export interface PredictorLimits extends PartLimits {
  kind: 'images' | 'rows'
  files: number
  fileBytes: number
}

/** Room for the parts of a form around its files, and for a header beside rows. */
const spareBytes = 64 * 1024

/** What a predictor takes in one request. */
export async function limitsOf(
  client: Client,
  of: Predictor,
  query: { version?: number; alias?: string },
): Promise<PredictorLimits> {
  if ('model' in of) {
    const { kind, limits } = await client.models.contract(of.model, query)
    const { instances, files = instances, textBytes, binaryBytes } = limits
    return {
      kind,
      rows: instances,
      files,
      bytes: textBytes - spareBytes,
      fileBytes: binaryBytes - spareBytes,
    }
  }
  const { model } = await client.jobs.get(of.job)
  const kind = model.kind === 'boosting' ? 'rows' : 'images'
  // the smallest limits that a model may have
  return { kind, rows: 1000, files: 16, bytes: 4 * 2 ** 20, fileBytes: 16 * 2 ** 20 }
}

/** The requests for the files, in their order. Images of several files are one request, as far as it may go. */
export async function* requestsOf(
  names: readonly string[],
  limits: PredictorLimits,
): AsyncGenerator<PredictionRequest> {
  let images: InputFile[] = []
  let bytes = 0
  for (const name of names) {
    const input = await readInput(name)
    assertFits(input, limits)
    const isImage = input.kind === 'image'
    const isFull = images.length === limits.files || bytes + input.content.length > limits.fileBytes
    if (images.length > 0 && (!isImage || isFull)) {
      yield formOf(images)
      images = []
      bytes = 0
    }
    if (isImage) {
      images.push(input)
      bytes += input.content.length
    } else yield* partsOf(input, limits)
  }
  if (images.length > 0) yield formOf(images)
}

function assertFits({ name, kind }: InputFile, limits: PredictorLimits): void {
  if (limits.kind === 'rows' && kind === 'image') {
    throw usageError(`${name} is an image, and the model predicts from rows of a table`)
  }
  if (limits.kind === 'images' && (kind === 'csv' || kind === 'parquet')) {
    throw usageError(`${name} is a table, and the model predicts from images`)
  }
}

function formOf(images: readonly InputFile[]): PredictionRequest {
  const form = new FormData()
  for (const { name, content } of images) form.append('image', blobOf(content), name)
  return { body: form, files: images.map(({ name }) => name), firstRow: 0 }
}

function* partsOf(input: InputFile, limits: PredictorLimits): Generator<PredictionRequest> {
  const files = [input.name]
  if (input.kind === 'csv') {
    const type = mediaTypeOf(input)
    for (const { content, rowsBefore } of partsOfCsv(input.content.toString(), limits)) {
      yield { body: new Blob([content], { type }), files, firstRow: rowsBefore }
    }
    return
  }
  if (input.kind === 'json' || input.kind === 'jsonLines') {
    let firstRow = 0
    for (const body of partsOfRows(rowsOfJson(input), limits)) {
      yield { body, files, firstRow }
      firstRow += body.length
    }
    return
  }
  yield { body: blobOf(input.content, mediaTypeOf(input)), files, firstRow: 0 }
}

const blobOf = (content: Buffer, type = 'application/octet-stream') =>
  new Blob([content as Uint8Array<ArrayBuffer>], { type })
