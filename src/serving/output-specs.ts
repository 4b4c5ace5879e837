// What models answer, in the words of the Open Inference Protocol.
import type { BoostingObjective } from '../spec/boosting-options.js'
import { type BoostingModel, isBoostingModel, type Model } from '../spec/model.js'

/** A kind of output, and the sizes of one prediction: [] for one value. */
export interface OutputSpec {
  name: string
  datatype: 'FP32' | 'FP64' | 'BYTES'
  sizes: readonly number[]
}

const floats = (name: string, ...sizes: number[]): OutputSpec => ({ name, datatype: 'FP32', sizes })
export const textOutput = (name: string): OutputSpec => ({ name, datatype: 'BYTES', sizes: [] })

const value = () => [floats('value')]
const classes = (labels: number) => [floats('probabilities', labels), textOutput('labels')]
const bothClasses: OutputSpec = { name: 'probabilities', datatype: 'FP64', sizes: [2] }

const rowOutputSpecs: Record<BoostingObjective, (model: BoostingModel) => OutputSpec[]> = {
  regression: value,
  absoluteError: value,
  huber: value,
  poisson: value,
  gamma: value,
  tweedie: value,
  quantile: ({ model }) => [floats('values', model.quantile.length)],
  ranking: () => [floats('score')],
  binary: () => [bothClasses, textOutput('labels')],
  multiclass: ({ labels }) => classes(labels.length),
}

/** The outputs of a model, in the order in which they are answered. */
export const outputSpecsOf = (model: Model): OutputSpec[] =>
  isBoostingModel(model)
    ? rowOutputSpecs[model.model.objective](model)
    : [floats('logits', model.labels.length), ...classes(model.labels.length)]
