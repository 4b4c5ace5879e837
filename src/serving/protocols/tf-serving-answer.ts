// Answers of TensorFlow Serving's REST API, version 1.
import { isBoostingModel, type Model } from '../../spec/model.js'
import { type OutputSpec, outputSpecsOf } from '../output-specs.js'
import { jsonValues } from './infer-response.js'
import { type JsonPiece, joinPieces, piece } from './joined-json.js'
import type { ModelOutput } from './model-outputs.js'
import { inputSpecsOf, type TensorSpec } from './oip-metadata.js'
import { invalidRequest, type NumberTensor, type Tensor } from './tensor.js'
import {
  defaultSignature,
  filesName,
  filesSignature,
  type TfMethod,
  type TfRequest,
} from './tf-serving-request.js'

/** The outputs of `:predict`: those that the signature of a SavedModel has. */
export const isInSignature = (model: Model, { name }: OutputSpec): boolean =>
  isBoostingModel(model) || name !== 'labels'

/** Before anything is predicted. Throws if the model does not predict what the method answers. */
export function checkMethod(model: Model, method: TfMethod): void {
  const specs = outputSpecsOf(model)
  const hasClasses = specs.some(({ name }) => name === 'probabilities')
  if (method === 'classify' && !hasClasses) {
    throw invalidRequest(`'${model.id}' predicts numbers, not classes: ask :regress or :predict`)
  }
  if (method !== 'regress') return
  if (hasClasses) {
    throw invalidRequest(`'${model.id}' predicts classes, not numbers: ask :classify or :predict`)
  }
  if (specs[0]!.sizes.length > 0) {
    throw invalidRequest(`'${model.id}' predicts several numbers for each example: ask :predict`)
  }
}

/** `outputs`: all outputs of the model; `notes`: what was inferred or left out. */
export function tfAnswer(
  model: Model,
  method: TfMethod,
  { byRow }: Pick<TfRequest, 'byRow'>,
  outputs: readonly ModelOutput[],
  notes: readonly string[],
): Promise<Buffer> {
  if (method === 'classify') {
    return joinPieces(withNotes('results', lists(classifications(outputs, model.labels)), notes))
  }
  const shown = outputs
    .filter(output => isInSignature(model, output))
    .map(output => output.tensor())
  const [field, items] =
    method === 'regress'
      ? ['results', rows(shown)]
      : byRow
        ? ['predictions', rows(shown)]
        : ['outputs', columns(shown)]
  return joinPieces(withNotes(field as string, items as Generator<JsonPiece>, notes))
}

function* withNotes(
  field: string,
  items: Generator<JsonPiece>,
  notes: readonly string[],
): Generator<JsonPiece> {
  yield piece(`{"${field}":`)
  yield* items
  yield piece(notes.length > 0 ? `,"notes":${JSON.stringify(notes)}}` : '}')
}

const widthOf = ({ shape }: Tensor) => shape.slice(1).reduce((product, size) => product * size, 1)

/** The value of one row: a list if the tensor has more dimensions than that of the rows. */
function rowValue(tensor: Tensor, row: number): unknown {
  const width = widthOf(tensor)
  const values = jsonValues(tensor, row * width, (row + 1) * width)
  return tensor.shape.length > 1 ? values : values[0]
}

/** The name of an only output is left out. */
function* rows(tensors: readonly Tensor[]): Generator<JsonPiece> {
  const [first] = tensors
  const width = tensors.reduce((sum, tensor) => sum + widthOf(tensor), 0)
  yield piece('[')
  for (let row = 0; row < first!.shape[0]!; row++) {
    const value =
      tensors.length === 1
        ? rowValue(first!, row)
        : Object.fromEntries(tensors.map(tensor => [tensor.name, rowValue(tensor, row)]))
    yield piece(`${row > 0 ? ',' : ''}${JSON.stringify(value)}`, width)
  }
  yield piece(']')
}

function* columns(tensors: readonly Tensor[]): Generator<JsonPiece> {
  if (tensors.length === 1) {
    yield* rows(tensors)
    return
  }
  for (const [i, tensor] of tensors.entries()) {
    yield piece(`${i > 0 ? ',' : '{'}${JSON.stringify(tensor.name)}:`)
    yield* rows([tensor])
  }
  yield piece('}')
}

/** For each row, pairs of label and probability, in the order of the labels. */
export function* classifications(
  outputs: readonly ModelOutput[],
  labels: readonly string[],
): Generator<(readonly [label: string, probability: number])[]> {
  const probabilities = outputs.find(({ name }) => name === 'probabilities')!.tensor()
  const { values } = probabilities as NumberTensor
  const width = widthOf(probabilities)
  for (let start = 0; start < values.length; start += width) {
    const scores = Array.from(values.subarray(start, start + width) as Float32Array)
    yield scores.map((score, i) => [labels[i] ?? String(i), score])
  }
}

function* lists(items: Iterable<readonly unknown[]>): Generator<JsonPiece> {
  yield piece('[')
  let isFirst = true
  for (const item of items) {
    yield piece(`${isFirst ? '' : ','}${JSON.stringify(item)}`, item.length)
    isFirst = false
  }
  yield piece(']')
}

const dtypes: Partial<Record<TensorSpec['datatype'], string>> = {
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
  BOOL: 'DT_BOOL',
  BYTES: 'DT_STRING',
}

const tensorInfo = ({ name, datatype, sizes }: TensorSpec) => ({
  dtype: dtypes[datatype],
  tensor_shape: {
    dim: [-1, ...sizes].map(size => ({ size: String(size), name: '' })),
    unknown_rank: false,
  },
  name: `${name}:0`,
})

const byName = (specs: readonly TensorSpec[]) =>
  Object.fromEntries(specs.map(spec => [spec.name, tensorInfo(spec)]))

/** `signature_def` stands there twice: the inner one is the field of a message of that name. */
export function tfMetadata(model: Model) {
  const outputs = byName(outputSpecsOf(model).filter(spec => isInSignature(model, spec)))
  const signature = (inputs: readonly TensorSpec[]) => ({
    inputs: byName(inputs),
    outputs,
    method_name: 'tensorflow/serving/predict',
  })
  const files: TensorSpec = { name: filesName, datatype: 'BYTES', sizes: [] }
  return {
    model_spec: { name: model.id, signature_name: '', version: String(model.version) },
    metadata: {
      signature_def: {
        signature_def: {
          [defaultSignature]: signature(inputSpecsOf(model)),
          ...(!isBoostingModel(model) && { [filesSignature]: signature([files]) }),
        },
      },
    },
  }
}

export const tfStatus = (versions: readonly number[]) => ({
  model_version_status: versions
    .toSorted((a, b) => b - a)
    .map(version => ({
      version: String(version),
      state: 'AVAILABLE',
      status: { error_code: 'OK', error_message: '' },
    })),
})
