// The predictor process for table rows, with XGBoost. It is separate from the predictor for images, so
// that neither waits for the other's requests or engine.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { Booster } from '../src/boosting/booster.js'
import { InPlacePredictor, threadsFor } from '../src/boosting/inplace-predict.js'
import { DMatrix } from '../src/boosting/matrix.js'
import type { Column } from '../src/boosting/training-table.js'
import { setEnvironment } from '../src/config.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type {
  PredictorMessage,
  RowsInput,
  RowsRequest,
  RowValues,
} from '../src/spec/ipc-messages.js'
import type { BoostingManifest } from '../src/spec/model.js'

/** Rows predicted in one call; each loaded model has an input buffer of this size. */
const maxChunkRows = 1024

interface LoadedModel {
  booster: Booster
  inPlace: InPlacePredictor
  columns: Column[]
}

/** Loaded models by folder. */
const models = lru<LoadedModel>(32).onEvict(({ value }) => value.booster.free())
const threads = availableParallelism()
// must be set before XGBoost loads, which happens with the first model
setEnvironment(engineEnvironment({ cores: threads }))

process.on('message', ({ id, folder, input }: RowsRequest) => {
  try {
    send({ type: 'answer', id, ...predict(loadModel(folder), input) })
  } catch (error) {
    send({ type: 'error', id, error: encodeError(error) })
  }
})
process.on('disconnect', () => process.exit(0))
send({ type: 'ready' })

function loadModel(folder: string): LoadedModel {
  const cached = models.get(folder)
  if (cached) return cached
  const model = loadFromFolder(folder)
  models.set(folder, model)
  return model
}

function loadFromFolder(folder: string): LoadedModel {
  const manifest = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  ) as BoostingManifest
  const booster = Booster.load(readFileSync(join(folder, 'model.ubj')))
  const { columns } = manifest.input
  return { booster, inPlace: new InPlacePredictor(booster, maxChunkRows, threads), columns }
}

function predict(
  { booster, inPlace, columns }: LoadedModel,
  { rows, count, explain }: RowsInput,
): RowValues {
  const values = predictInChunks(inPlace, rows, count, 'value')
  const outputs = values.length / count
  if (!explain) return { values, outputs, explanations: null }
  const margins = predictInChunks(inPlace, rows, count, 'margin')
  using matrix = DMatrix.fromDense(rows, count, threadsFor(count, threads))
  matrix.setFeatureInfo(columns)
  const contributions = booster.predict(matrix, 'contributions').values
  return { values, outputs, explanations: { margins, contributions } }
}

function predictInChunks(
  inPlace: InPlacePredictor,
  rows: Float32Array,
  count: number,
  kind: 'value' | 'margin',
) {
  const width = rows.length / count
  const chunks: Float32Array[] = []
  for (let start = 0; start < count; start += maxChunkRows) {
    const chunkRows = Math.min(maxChunkRows, count - start)
    inPlace.input.set(rows.subarray(start * width, (start + chunkRows) * width))
    chunks.push(inPlace.predict(chunkRows, kind))
  }
  return chunks.length === 1 ? chunks[0]! : concat(chunks)
}

function concat(chunks: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}

function send(message: PredictorMessage<RowValues>): void {
  // if the API is gone, there is nobody to answer
  if (process.connected) process.send?.(message, () => {})
}
