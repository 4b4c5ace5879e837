import { isBoostingModel, type Model } from '../../spec/model.js'
import { countImages, type PredictOptions } from '../pool/request.js'
import type { PredictionService } from '../prediction-service.js'
import { rowNotes } from '../row-notes.js'
import { type ModelOutput, networkOutputs, rowOutputs } from './model-outputs.js'
import type { ModelInput } from './served-input.js'

export interface PredictedOutputs {
  /** Images or rows. */
  count: number
  outputs: ModelOutput[]
  /** What was inferred or left out. */
  notes: string[]
}

/** Predicts what a protocol has read for this model. */
export async function predictOutputs(
  predictions: Pick<PredictionService, 'predictImages' | 'predictRows'>,
  model: Model,
  input: ModelInput,
  options: PredictOptions & { watched?: boolean } = {},
): Promise<PredictedOutputs> {
  if (input.kind === 'rows') {
    if (!isBoostingModel(model)) throw new Error(`${model.id} takes images`)
    const { kind: _, report, ...rows } = input
    const { unknownCategories } = report
    const { watched = true } = options
    const predicted = await predictions.predictRows(model, rows, { watched, unknownCategories })
    const outputs = rowOutputs(model, predicted)
    const notes = rowNotes(report).all.map(({ message }) => message)
    return { count: rows.count, outputs, notes }
  }
  if (isBoostingModel(model)) throw new Error(`${model.id} takes rows`)
  const { notes, ...images } = input
  const outputs = networkOutputs(model, await predictions.predictImages(model, images, options))
  return { count: countImages(images), outputs, notes: notes.map(({ message }) => message) }
}
