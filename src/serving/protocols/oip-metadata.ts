// What a client asks about a server and its models: the Open Inference Protocol v2, and Triton's extensions.

import type { FeatureColumn } from '../../spec/feature-column.js'
import { isBoostingModel, type Model } from '../../spec/model.js'
import { outputSpecsOf } from '../output-specs.js'
import { imagesName } from './image-input.js'
import { rowsName, takesMatrix } from './row-input.js'
import type { Datatype } from './tensor.js'

export const extensions = [
  'binary_tensor_data',
  'classification',
  'model_configuration',
  'model_repository',
  'schedule_policy',
  'statistics',
]

export interface TensorSpec {
  name: string
  datatype: Datatype
  /** Of one prediction. */
  sizes: readonly number[]
}

/** One input for all columns if they are numbers, else one for each. */
export function inputSpecsOf(model: Model): TensorSpec[] {
  if (!isBoostingModel(model)) {
    const { height, width, channels } = model.input
    return [{ name: imagesName, datatype: 'FP32', sizes: [height, width, channels] }]
  }
  const { columns, offset = null } = model.input
  if (takesMatrix({ columns, offset }))
    return [{ name: rowsName, datatype: 'FP32', sizes: [columns.length] }]
  const features = columns.map(({ name, type }): TensorSpec => {
    return { name, datatype: columnDatatypes[type], sizes: [1] }
  })
  const offsets: TensorSpec[] =
    offset === null ? [] : [{ name: offset, datatype: 'FP32', sizes: [1] }]
  return [...features, ...offsets]
}

/** Integers are floats, too: as such they can be missing. */
const columnDatatypes: Record<FeatureColumn['type'], Datatype> = {
  number: 'FP32',
  integer: 'FP32',
  boolean: 'BOOL',
  category: 'BYTES',
}

export const platformOf = (model: Model): 'xgboost_ubj' | 'tensorflow_savedmodel' =>
  isBoostingModel(model) ? 'xgboost_ubj' : 'tensorflow_savedmodel'

/** -1 is the number of predictions. */
const withBatch = ({ name, datatype, sizes }: TensorSpec) => ({
  name,
  datatype,
  shape: [-1, ...sizes],
})

export const modelMetadata = (model: Model) => ({
  name: model.id,
  versions: model.versions.map(String),
  platform: platformOf(model),
  inputs: inputSpecsOf(model).map(withBatch),
  outputs: outputSpecsOf(model).map(withBatch),
})

/** As Triton describes a model: dims without the batch. `maxBatch`: predictions in one request. */
export const modelConfig = (model: Model, maxBatch: number) => ({
  name: model.id,
  platform: platformOf(model),
  backend: isBoostingModel(model) ? 'xgboost' : 'tensorflow',
  version_policy: { latest: { num_versions: 1 } },
  max_batch_size: maxBatch,
  input: inputSpecsOf(model).map(spec => ({ ...configTensor(spec), format: 'FORMAT_NONE' })),
  output: outputSpecsOf(model).map(spec => ({ ...configTensor(spec), label_filename: '' })),
  dynamic_batching: {},
})

const configTensor = ({ name, datatype, sizes }: TensorSpec) => ({
  name,
  data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`,
  // a list of sizes may not be empty there
  ...(sizes.length > 0 ? { dims: [...sizes] } : { dims: [1], reshape: { shape: [] } }),
})

/** Occurrences, and the nanoseconds that they took together. */
export interface Tally {
  readonly count: number
  readonly ns: number
}

interface BatchTallies {
  readonly computeInput: Tally
  readonly computeInfer: Tally
  readonly computeOutput: Tally
}

/** What has been counted of one version of a model. */
export interface VersionStatistics extends BatchTallies {
  readonly lastInferenceMs: number
  readonly inferences: number
  readonly executions: number
  readonly success: Tally
  readonly fail: Tally
  readonly queue: Tally
  readonly batches: ReadonlyMap<number, BatchTallies>
}

const nothing: Tally = { count: 0, ns: 0 }

/** Of a version that nobody has asked yet, there are none. */
export function modelStatistics(name: string, version: number, counted?: VersionStatistics) {
  return {
    name,
    version: String(version),
    last_inference: counted?.lastInferenceMs ?? 0,
    inference_count: counted?.inferences ?? 0,
    execution_count: counted?.executions ?? 0,
    inference_stats: {
      success: tallyOf(counted?.success),
      fail: tallyOf(counted?.fail),
      queue: tallyOf(counted?.queue),
      ...computeTallies(counted),
      // there is no cache of answers
      cache_hit: nothing,
      cache_miss: nothing,
    },
    batch_stats: [...(counted?.batches ?? [])]
      .sort(([a], [b]) => a - b)
      .map(([batch_size, batch]) => ({ batch_size, ...computeTallies(batch) })),
  }
}

const tallyOf = (tally: Tally = nothing): Tally => ({ count: tally.count, ns: tally.ns })

const computeTallies = (counted?: BatchTallies) => ({
  compute_input: tallyOf(counted?.computeInput),
  compute_infer: tallyOf(counted?.computeInfer),
  compute_output: tallyOf(counted?.computeOutput),
})
