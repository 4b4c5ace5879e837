import type { PredictionPlan } from '../spec/batch-prediction.js'
import { maxBatch } from '../spec/batch-sizes.js'
import { isBoostingModel, type Model } from '../spec/model.js'
import { predictionColumns } from '../spec/prediction-columns.js'
import type { WeightsTensor } from '../spec/weights.js'
import type { BoostingSize } from './dry-run.js'

/** The predictions that a job holds before it stores them, in bytes at most. */
const maxPartBytes = 16 * 2 ** 20
/** The records of a part at most. */
const maxPartRecords = 65_536
/** The cells, and the rows, that are encoded at once. */
const maxCells = 2 ** 20
const maxRows = 8192

/** A network is held by its runtime, and a second time while it is loaded. */
const copiesOfWeights = 2
/** Activations of a batch, beside its pixels as floats. A guess: the graph is not built for it. */
const activationsPerPixel = 64

/** Records of a part of the predictions, by the columns that they add. */
export const partRecords = (columns: number): number =>
  Math.max(
    maxBatch,
    Math.min(maxPartRecords, Math.floor(maxPartBytes / (8 * Math.max(1, columns)))),
  )

/** Rows of a table that are encoded and predicted at once, by the columns that the model reads. */
export const rowsAtOnce = (columns: number): number =>
  Math.max(1, Math.min(maxRows, Math.floor(maxCells / Math.max(1, columns))))

/** Estimates the memory of a job that predicts: the model, a batch, and the predictions that are not stored yet. */
export function estimatePredictionSize(
  model: Model,
  plan: Pick<PredictionPlan, 'outputs' | 'topK' | 'steps'>,
  tensors: readonly WeightsTensor[],
): BoostingSize {
  const columns = predictionColumns(model, plan).length
  const partBytes = Math.min(plan.steps, partRecords(columns)) * columns * 8
  if (isBoostingModel(model)) {
    const { length } = model.input.columns
    const rows = Math.min(plan.steps, rowsAtOnce(length))
    // as they are stored, and as the model takes them
    const rowBytes = length * 12
    return { parameters: null, stateBytes: partBytes, stepBytes: rows * rowBytes }
  }
  const { height, width, channels } = model.input
  const weights = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  return {
    parameters: null,
    stateBytes: partBytes + copiesOfWeights * 4 * weights,
    stepBytes: maxBatch * height * width * (channels + activationsPerPixel) * 4,
  }
}
