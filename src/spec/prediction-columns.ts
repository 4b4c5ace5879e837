// The columns of a data set of predictions.
import type { PredictionPlan } from './batch-prediction.js'
import { isClassification } from './boosting-options.js'
import type { ModelManifest } from './model.js'

/** Columns beside those of the data set and those of the predictions. */
export const ownColumns = {
  /** The number of the record in its data set, from 0. */
  record: 'record',
  /** Of a data set with splits. */
  split: 'split',
  /** The path in the upload of an image. */
  file: 'file',
  /** The class of an image in its data set. */
  label: 'label',
} as const

/** What a table calls a column of predictions, which `POST /models/:id/predict` calls `name` in a CSV. */
export const predictedName = (name: string): string => `predicted.${name}`

/** Names that `taken` has get a number, such as `record_2`. */
export function freeNames(names: readonly string[], taken: readonly string[]): string[] {
  const used = new Set(taken)
  return names.map(name => {
    let free = name
    for (let n = 2; used.has(free); n++) free = `${name}_${n}`
    used.add(free)
    return free
  })
}

/** The columns that the predictions of a model add, by the names of an answer in CSV, in order. */
export function predictionColumns(
  manifest: Pick<ModelManifest, 'model' | 'labels'>,
  { outputs, topK }: Pick<PredictionPlan, 'outputs' | 'topK'>,
): string[] {
  if (outputs === null) return numberColumns(manifest)
  const labels = classNames(manifest)
  const list = (name: string, items: readonly string[]) => items.map(item => `${name}.${item}`)
  const columns = {
    label: ['label', 'index'],
    probability: ['probability'],
    probabilities: list('probabilities', labels),
    logits: list('logits', labels),
  }
  const ranks = Array.from(
    { length: Math.min(topK ?? 0, labels.length) },
    (_, rank) => `${rank + 1}`,
  )
  return [
    ...Object.entries(columns).flatMap(([name, own]) =>
      outputs.some(output => output === name) ? own : [],
    ),
    ...['label', 'index', 'probability'].flatMap(name => list(`top.${name}`, ranks)),
  ]
}

/** A model without names of classes has two, or as many as its objective says. */
const classNames = ({
  model,
  labels,
}: Pick<ModelManifest, 'model' | 'labels'>): readonly string[] =>
  model.kind === 'boosting' && model.objective === 'binary' && labels.length === 0
    ? ['0', '1']
    : labels

function numberColumns({ model }: Pick<ModelManifest, 'model'>): string[] {
  if (model.kind !== 'boosting') return []
  if (model.objective === 'quantile') return model.quantile.map(quantile => `values.${quantile}`)
  return [model.objective === 'ranking' ? 'score' : 'value']
}

/** Whether predictions of a model are classes. */
export const predictsClasses = (manifest: Pick<ModelManifest, 'model'>): boolean => {
  const { model } = manifest
  return model.kind !== 'boosting' || isClassification(model.objective)
}
