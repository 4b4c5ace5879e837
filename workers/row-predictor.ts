// The process that predicts rows by trees: one more than the predictor of images, so that neither waits
// for the other, nor for the other's engine to load.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Booster } from '../src/boosting/booster.js'
import { InPlace, threadsFor } from '../src/boosting/inplace-predict.js'
import { Matrix } from '../src/boosting/matrix.js'
import type { Column } from '../src/boosting/training-table.js'
import { setEnvironment } from '../src/config.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { countedColumn } from '../src/spec/feature-column.js'
import type {
  PredictorMessage,
  RowsInput,
  RowsRequest,
  RowValues,
} from '../src/spec/ipc-messages.js'
import type { BoostingManifest } from '../src/spec/model.js'

/** Least recently used first. */
const modelsInMemory = 32
/** So many rows are predicted in one go; their values have room of their own in each model. */
const rowsAtOnce = 1024

interface Trees {
  booster: Booster
  inPlace: InPlace
  columns: Column[]
}

const models = new Map<string, Trees>()
const threads = availableParallelism()
// before XGBoost loads, with the first model
setEnvironment(engineEnvironment({ cores: threads }))

process.on('message', ({ id, folder, input }: RowsRequest) => {
  try {
    tell({ type: 'answer', id, ...predict(modelIn(folder), input) })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    tell({ type: 'error', id, code: 'INTERNAL', message })
  }
})
process.on('disconnect', () => process.exit(0))
tell({ type: 'ready' })

function modelIn(folder: string): Trees {
  const trees = models.get(folder) ?? open(folder)
  models.delete(folder)
  models.set(folder, trees)
  const [oldest] = models
  if (models.size > modelsInMemory && oldest) {
    models.delete(oldest[0])
    oldest[1].booster.free()
  }
  return trees
}

function open(folder: string): Trees {
  const manifest = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  ) as BoostingManifest
  const booster = Booster.load(readFileSync(join(folder, 'model.ubj')))
  const columns = manifest.input.columns.map(countedColumn)
  return { booster, inPlace: new InPlace(booster, rowsAtOnce, threads), columns }
}

function predict(
  { booster, inPlace, columns }: Trees,
  { rows, count, explain }: RowsInput,
): RowValues {
  const values = inChunks(inPlace, rows, count, 'value')
  const outputs = values.length / count
  if (!explain) return { values, outputs, explanations: null }
  const margins = inChunks(inPlace, rows, count, 'margin')
  using matrix = Matrix.dense(rows, count, threadsFor(count, threads))
  matrix.describe(columns)
  const contributions = booster.predict(matrix, 'contributions').values
  return { values, outputs, explanations: { margins, contributions } }
}

function inChunks(inPlace: InPlace, rows: Float32Array, count: number, kind: 'value' | 'margin') {
  const width = rows.length / count
  const parts: Float32Array[] = []
  for (let first = 0; first < count; first += rowsAtOnce) {
    const some = Math.min(rowsAtOnce, count - first)
    inPlace.input.set(rows.subarray(first * width, (first + some) * width))
    parts.push(inPlace.predict(some, kind))
  }
  return parts.length === 1 ? parts[0]! : joined(parts)
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function tell(message: PredictorMessage<RowValues>): void {
  // the api that asked may be gone; then nobody waits
  if (process.connected) process.send?.(message, () => {})
}
