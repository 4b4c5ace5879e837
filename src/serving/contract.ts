import type { FeatureColumn } from '../spec/feature-column.js'
import {
  type BoostingModel,
  type ImagePreprocessing,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../spec/model.js'
import type {
  BoostingContract,
  ModelContract,
  NetworkContract,
  TensorContract,
} from '../spec/model-contract.js'
import { predictionFormats } from '../spec/predict-options.js'
import { outputSpecsOf } from './output-specs.js'

/** What the server takes in one request. */
export interface ContractLimits {
  /** Bytes of a body of text, and of any other one. */
  textBytes: number
  binaryBytes: number
  /** Images as numbers, and as files. */
  instances: number
  imageFiles: number
  rows: number
}

/** The media types of bodies that `POST /models/:id/predict` reads. */
export const imageTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/bmp']
export const arrowTypes = [
  'application/vnd.apache.arrow.stream',
  'application/vnd.apache.arrow.file',
]
export const parquetType = 'application/vnd.apache.parquet'
export const tensorType = 'application/octet-stream'
export const formType = 'multipart/form-data'

const acceptedTypes = {
  images: ['application/json', ...imageTypes, formType, ...arrowTypes, tensorType],
  rows: ['application/json', 'text/csv', ...arrowTypes, parquetType, tensorType],
}

/** A version's contract. It follows from the manifest, which has all that it says of the version. */
export const contractOf = (model: Model, limits: ContractLimits): ModelContract =>
  isBoostingModel(model) ? rowContract(model, limits) : imageContract(model, limits)

/** What a network does to image files; of an older version, what is known of it. */
export const preprocessingOf = ({ input }: NetworkModel): ImagePreprocessing =>
  input.preprocessing ?? {
    resize: input.resize?.mode ?? 'stretch',
    antialias: null,
    orientation: 'unknown',
  }

function imageContract(model: NetworkModel, limits: ContractLimits): NetworkContract {
  const { id, version, labels, input } = model
  const { height, width, channels, mean, std } = input
  const classes = Math.max(1, labels.length)
  const numbers = (name: string): TensorContract => ({
    name,
    dtype: 'float32',
    shape: [-1, classes],
  })
  return {
    kind: 'images',
    model: id,
    version,
    inputs: [{ name: 'images', dtype: 'float32', shape: [-1, height, width, channels] }],
    outputs: [numbers('probabilities'), numbers('logits')],
    labels,
    preprocessing: {
      ...preprocessingOf(model),
      height,
      width,
      channels,
      range: [0, 255],
      formats: ['PNG', 'JPEG', 'WebP', 'GIF (its first frame)', 'BMP'],
    },
    normalization: { mean, std },
    accepts: acceptedTypes.images,
    answers: Object.values(predictionFormats),
    limits: {
      instances: limits.instances,
      files: limits.imageFiles,
      textBytes: limits.textBytes,
      binaryBytes: limits.binaryBytes,
    },
    example: { contentType: 'application/json', body: { instances: [{ b64: greyPixel }] } },
  }
}

/** A PNG of one grey pixel, which is stretched to any size. */
const greyPixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=='

function rowContract(model: BoostingModel, limits: ContractLimits): BoostingContract {
  const { id, version, labels, input, target } = model
  const { columns, offset = null, cellFormat = null } = input
  return {
    kind: 'rows',
    model: id,
    version,
    inputs: [
      { name: 'rows', dtype: 'float32', shape: [-1, columns.length] },
      ...(offset === null ? [] : [{ name: 'offsets', dtype: 'float32', shape: [-1] }]),
    ],
    outputs: numberOutputs(model),
    labels,
    columns,
    offset,
    target,
    // older models lack the list
    unusedColumns: input.unusedColumns ?? [target],
    missing: {
      values: [
        'an absent column',
        'null',
        'NaN in Arrow, Parquet and raw numbers',
        'an empty field and words such as NA in CSV',
        ...(cellFormat?.missing ?? []),
      ],
      unknownCategory: 'missing',
    },
    cellFormat,
    accepts: acceptedTypes.rows,
    answers: Object.values(predictionFormats),
    limits: {
      instances: limits.rows,
      textBytes: limits.textBytes,
      binaryBytes: limits.binaryBytes,
    },
    example: {
      contentType: 'application/json',
      body: { instances: [exampleRow(columns, offset)] },
    },
  }
}

const dtypes = { FP32: 'float32', FP64: 'float64' } as const

/** The numbers of the Open Inference Protocol's outputs. */
const numberOutputs = (model: BoostingModel): TensorContract[] =>
  outputSpecsOf(model).flatMap(({ name, datatype, sizes }) =>
    datatype === 'BYTES' ? [] : [{ name, dtype: dtypes[datatype], shape: [-1, ...sizes] }],
  )

/** Columns of an example; absent ones are missing. */
const maxExampleColumns = 20

function exampleRow(columns: readonly FeatureColumn[], offset: string | null) {
  const cells = columns
    .slice(0, maxExampleColumns)
    .map(column => [column.name, exampleCell(column)] as const)
  return Object.fromEntries(offset === null ? cells : [...cells, [offset, 0]])
}

const exampleCell = ({ type, categories }: FeatureColumn) =>
  type === 'category' ? (categories?.[0] ?? null) : type === 'boolean' ? true : 1
