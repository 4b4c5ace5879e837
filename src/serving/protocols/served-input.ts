import {
  type EncodedRows,
  type RowLimits,
  type RowModel,
  type RowPredictionOptions,
  rowModelOf,
  unknownCategories,
  unknownColumns,
} from '../../predictions/row-encoding.js'
import type { ImagesInput } from '../../spec/ipc-messages.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../../spec/model.js'
import type { Note } from '../../spec/note.js'
import { preprocessingOf } from '../contract.js'
import { type CountLimits, type ImageCounts, imageCounts } from '../image-counts.js'
import type { FileInput } from '../image-notes.js'
import type { InferParameters } from './infer-request.js'
import { invalidRequest } from './tensor.js'

/** `channels`: 1, 3 or 4. */
export interface ImageModel extends FileInput {
  classes: number
}

/** What reading a request needs of a model. Plain data, for another thread. */
export type ServedInput = ({ kind: 'images' } & ImageModel) | ({ kind: 'rows' } & RowModel)

/** What a request gives to a model. */
export type ModelInput = (ImagesInput & { notes: Note[] }) | ({ kind: 'rows' } & EncodedRows)

export interface InputLimits extends RowLimits, CountLimits {
  /** Width times height of an image file. */
  imagePixels: number
}

export const servedInputOf = (model: Model): ServedInput =>
  isBoostingModel(model) ? servedRows(model) : servedImages(model)

const servedRows = (model: BoostingModel): ServedInput => ({ kind: 'rows', ...rowModelOf(model) })

function servedImages(model: NetworkModel): ServedInput {
  const { height, width, channels } = model.input
  const classes = Math.max(1, model.labels.length)
  return { kind: 'images', ...preprocessingOf(model), height, width, channels, classes }
}

/** A black image, or a row of missing values, with which a model can be loaded. */
export function blankInput(model: Model): ModelInput {
  if (isBoostingModel(model)) {
    const rows = new Float32Array(model.input.columns.length).fill(Number.NaN)
    const offsets = model.input.offset === undefined ? {} : { offsets: new Float32Array(1) }
    const report = { unknownCategories: [], passedOver: [], absent: [] }
    return { kind: 'rows', rows, count: 1, ...offsets, explain: false, report }
  }
  const { height, width, channels } = model.input
  const data = new Float32Array(height * width * channels)
  return { kind: 'pixels', data, shape: [1, height, width, channels], notes: [] }
}

/** Throws unless there are as many images as one request may have. */
export function checkImageCount(
  count: number,
  kind: keyof ImageCounts,
  model: ImageModel,
  limits: InputLimits,
): void {
  const max = imageCounts(model, model.classes, limits)[kind]
  if (count >= 1 && count <= max) return
  throw invalidRequest(`there are ${count} images to predict, expected 1 to ${max}`)
}

export function rowOptionsOf({
  unknownCategory = 'missing',
  unknownColumn = 'error',
}: InferParameters): RowPredictionOptions {
  return {
    unknownCategory: oneOf('unknownCategory', unknownCategories, unknownCategory),
    unknownColumn: oneOf('unknownColumn', unknownColumns, unknownColumn),
  }
}

function oneOf<T extends string>(name: string, allowed: readonly T[], value: string): T {
  const found = allowed.find(one => one === value)
  if (found !== undefined) return found
  throw invalidRequest(`${name} is expected to be one of ${allowed.join(', ')}`)
}
