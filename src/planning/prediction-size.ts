import type { PredictionPlan } from '../spec/batch-prediction.js'
import { maxBatch } from '../spec/batch-sizes.js'
import { isBoostingModel, type Model } from '../spec/model.js'
import { predictionColumns } from '../spec/prediction-columns.js'
import type { WeightsTensor } from '../spec/weights.js'
import type { BoostingSize } from './dry-run.js'

/** The predictions that a job holds before it stores them, in bytes at most. */
export const maxPartBytes = 16 * 2 ** 20
/** The rows that are encoded at once, and of a part at most. */
export const maxPartRecords = 65_536

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

/** Estimates the memory of a job that predicts: the model, a batch, and the predictions that are not stored yet. */
export function estimatePredictionSize(
  model: Model,
  plan: Pick<PredictionPlan, 'outputs' | 'topK' | 'steps'>,
  tensors: readonly WeightsTensor[],
): BoostingSize {
  const columns = predictionColumns(model, plan).length
  const partBytes = Math.min(plan.steps, partRecords(columns)) * columns * 8
  if (isBoostingModel(model)) {
    const rows = Math.min(plan.steps, maxPartRecords)
    const rowBytes = model.input.columns.length * 12
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
