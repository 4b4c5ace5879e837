// What a model answers, as named tensors.
import { quoteTruncated } from '../../errors.js'
import { mostProbable } from '../../predictions/most-probable.js'
import type { Probabilities, RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Model, NetworkModel } from '../../spec/model.js'
import { type OutputSpec, outputSpecsOf, textOutput } from '../output-specs.js'
import { bestClasses } from './best-classes.js'
import type { RequestedOutput } from './infer-request.js'
import { type BytesTensor, invalidRequest, type NumberTensor, type Tensor } from './tensor.js'

/** An output that is made only if it is asked for. */
export interface ModelOutput extends OutputSpec {
  tensor(): Tensor
}

/** Outputs of a network. */
export function networkOutputs(
  { labels }: NetworkModel,
  { logits, probabilities, classes }: Probabilities,
): ModelOutput[] {
  return [numberOutput('logits', logits, classes), ...classOutputs(probabilities, classes, labels)]
}

/** Outputs of boosted trees. */
export function rowOutputs(model: BoostingModel, { values, outputs }: RowValues): ModelOutput[] {
  const { objective } = model.model
  const { labels } = model
  if (objective === 'binary') return classOutputs(bothProbabilities(values), 2, labels)
  if (objective === 'multiclass') return classOutputs(values, outputs, labels)
  const [spec] = outputSpecsOf(model)
  return [numberOutput(spec!.name, values, ...(spec!.sizes.length > 0 ? [outputs] : []))]
}

/** XGBoost has the probability of the second class. That of the first may need more digits than a float has. */
const bothProbabilities = (positive: Float32Array): Float64Array =>
  Float64Array.from({ length: 2 * positive.length }, (_, i) => {
    const probability = positive[i >> 1]!
    return i % 2 === 0 ? 1 - probability : probability
  })

type Floats = Float32Array | Float64Array

function numberOutput(name: string, values: Floats, ...sizes: number[]): ModelOutput {
  const width = sizes.reduce((product, size) => product * size, 1)
  const shape = [values.length / width, ...sizes]
  const datatype = values instanceof Float64Array ? 'FP64' : 'FP32'
  const tensor: NumberTensor = { name, datatype, shape, values: values as NumberTensor['values'] }
  return { name, datatype, sizes, tensor: () => tensor }
}

function classOutputs(
  probabilities: Floats,
  classes: number,
  labels: readonly string[],
): ModelOutput[] {
  const best = (): BytesTensor => {
    const names = labels.map(label => Buffer.from(label))
    const indices = mostProbable(probabilities, classes, 1)
    const values = Array.from(indices, index => names[index] ?? Buffer.from(String(index)))
    const shape = [indices.length]
    return { name: 'labels', datatype: 'BYTES', shape, values }
  }
  return [
    numberOutput('probabilities', probabilities, classes),
    { ...textOutput('labels'), tensor: best },
  ]
}

export interface ChosenOutput {
  tensor: Tensor
  binary: boolean
}

/** The outputs that a request asks for, of which the model has all; all of the model if it names none. */
export async function chooseOutputs(
  outputs: readonly ModelOutput[],
  requested: readonly RequestedOutput[] | null,
  binary: boolean,
  labels: readonly string[],
): Promise<ChosenOutput[]> {
  if (requested === null) return outputs.map(output => ({ tensor: output.tensor(), binary }))
  const chosen: ChosenOutput[] = []
  for (const { name, binary, classification } of requested) {
    const tensor = outputs.find(output => output.name === name)!.tensor()
    chosen.push({
      tensor:
        classification === null
          ? tensor
          : await bestClasses(tensor as NumberTensor, classification, labels),
      binary,
    })
  }
  return chosen
}

/** Before anything is predicted. Throws unless the model has the outputs, and classes to choose from. */
export function checkRequestedOutputs(model: Model, requested: readonly RequestedOutput[]): void {
  const specs = outputSpecsOf(model)
  for (const { name, classification } of requested) {
    const spec = specs.find(spec => spec.name === name)
    if (!spec) {
      const known = specs.map(({ name }) => name).join(', ')
      throw invalidRequest(`there is no output ${quoteTruncated(name)}, only ${known}`)
    }
    const hasClasses = spec.datatype !== 'BYTES' && spec.sizes[0] === model.labels.length
    if (classification === null || (hasClasses && model.labels.length > 0)) continue
    throw invalidRequest(`the output ${quoteTruncated(name)} has no classes to choose from`)
  }
}
