// Requests of TensorFlow Serving's API, version 1: rows (`instances`), columns (`inputs`) and examples.
import type { TableRow } from '../../datasets/tables/row-encoder.js'
import { quoteTruncated } from '../../errors.js'
import { encodeModelRows, type RowModel } from '../../predictions/row-encoding.js'
import { imageFiles, imagesFromTensors, imagesName } from './image-input.js'
import { decodeBase64, readNested } from './nested-values.js'
import { rowsName } from './row-input.js'
import {
  checkImageCount,
  type ImageModel,
  type InputLimits,
  type ModelInput,
  rowOptionsOf,
  type ServedInput,
} from './served-input.js'
import { invalidRequest, invalidValues } from './tensor.js'

export type TfMethod = 'predict' | 'classify' | 'regress'

/** A value by the name of its input or column. */
export type Fields = Readonly<Record<string, unknown>>

export interface TfRequest {
  input: ModelInput
  /** Whether the answer has a prediction for each row; else a column for each output. */
  byRow: boolean
}

/** The signature of a served network that takes image files; `serving_default` takes pixels. */
export const filesSignature = 'serving_files'
export const filesName = 'files'
export const defaultSignature = 'serving_default'

/** `jsonBytes`: the length of the JSON. */
export function parseTfRequest(
  json: unknown,
  method: TfMethod,
  served: ServedInput,
  jsonBytes: number,
  limits: InputLimits,
): TfRequest {
  if (!isObject(json)) throw invalidRequest('the body is expected to be an object')
  checkSignature(json.signature_name, served)
  if (method !== 'predict') {
    return { input: inputFromExamples(examplesOf(json), served, jsonBytes, limits), byRow: true }
  }
  const { byRow, items } = predictItems(json)
  const input =
    served.kind === 'images'
      ? imagesOf(byRow ? items : column(items), served, jsonBytes, limits)
      : rowsOf(byRow ? items : rowsOfColumns(items, served), served, limits)
  return { input, byRow }
}

/** `maxValues`: more numbers than this are not in the examples. */
export const inputFromExamples = (
  examples: readonly Fields[],
  served: ServedInput,
  maxValues: number,
  limits: InputLimits,
): ModelInput =>
  served.kind === 'images'
    ? imagesOf(examples, served, maxValues, limits)
    : rowsOf(examples, served, limits)

/** Throws unless the model has the signature; none is the default. */
export function checkSignature(name: unknown, served: ServedInput): void {
  if (name === undefined || name === null || name === '') return
  const known = served.kind === 'images' ? [defaultSignature, filesSignature] : [defaultSignature]
  if (known.some(one => one === name)) return
  const message = `there is no signature ${quoteTruncated(String(name))}, only ${known.join(' and ')}`
  throw invalidRequest(message)
}

function predictItems({ instances, inputs }: Fields): { byRow: boolean; items: unknown } {
  if ((instances === undefined) === (inputs === undefined)) {
    const message = `the body has ${instances === undefined ? 'neither instances nor' : 'both instances and'} inputs, expected one of them`
    throw invalidRequest(message)
  }
  if (instances === undefined) return { byRow: false, items: inputs }
  return { byRow: true, items: listOf(instances, 'instances') }
}

/** Examples have named features; those of `context` belong to all. */
function examplesOf({ examples, context = {} }: Fields): Fields[] {
  if (!isObject(context)) throw invalidRequest('context is expected to be an object')
  return listOf(examples, 'examples').map((example, i) => {
    if (!isObject(example)) throw invalidRequest(`examples[${i}] is expected to be an object`)
    return Object.assign(Object.create(null), context, example) as Fields
  })
}

function imagesOf(
  items: unknown,
  model: ImageModel,
  maxValues: number,
  limits: InputLimits,
): ModelInput {
  const images = listOf(items, imagesName).map((item, i) => imageOf(item, i))
  const isFiles = images.some(isFile)
  checkImageCount(images.length, isFiles ? 'files' : 'pixels', model, limits)
  if (isFiles) {
    const files = images.map((image, i) => {
      if (isFile(image)) return bytesOf(`${imagesName}[${i}]`, image)
      throw invalidValues(`${imagesName}[${i}] is no file, as others are: expected {"b64": …}`)
    })
    return imageFiles(files, model, limits)
  }
  const { height, width, channels } = model
  const sizes = sizesOf(images[0], model)
  const head = { name: imagesName, datatype: 'FP32', shape: [images.length, ...sizes] } as const
  const tensor = readNested(head, images, { maxValues })
  const shape = [images.length, height, width, channels]
  return imagesFromTensors([{ ...tensor, shape }], model, limits)
}

/** Infers the layout (flat, [h][w] or [h][w][c]) from the depth of nesting of the first image. */
function sizesOf(image: unknown, { height, width, channels }: ImageModel): number[] {
  const row: unknown = Array.isArray(image) ? image[0] : undefined
  if (typeof row === 'number') return [height * width * channels]
  const pixel: unknown = Array.isArray(row) ? row[0] : undefined
  return typeof pixel === 'number' && channels === 1 ? [height, width] : [height, width, channels]
}

/** The value of an instance, by the name of the input or alone. A feature of an example is a list. */
function imageOf(item: unknown, index: number): unknown {
  const value = isObject(item) && !isFile(item) ? imageValueOf(item, `instance ${index}`) : item
  return Array.isArray(value) && value.length === 1 && isFile(value[0]) ? value[0] : value
}

const column = (items: unknown): unknown =>
  isObject(items) && !isFile(items) ? imageValueOf(items, 'inputs') : items

/** Networks have one input. */
function imageValueOf(fields: Fields, what: string): unknown {
  const names = Object.keys(fields)
  const [name] = names
  if (names.length === 1 && (name === imagesName || name === filesName)) return fields[name]
  const found = names.slice(0, 3).map(each => quoteTruncated(each))
  const message = `${what} has the inputs ${found.join(', ')}, expected '${imagesName}' for pixels, or '${filesName}' for image files`
  throw invalidRequest(message)
}

function rowsOf(items: unknown, model: RowModel, limits: InputLimits): ModelInput {
  const rows = listOf(items, rowsName).map((item, i): TableRow => {
    if (Array.isArray(item)) return item.map(cellOf)
    if (!isObject(item)) {
      const message = `row ${i} is expected to be an object by column, or a list in the order of the columns`
      throw invalidRequest(message)
    }
    const cells = Object.entries(item).map(([name, value]) => [name, cellOf(value)])
    return Object.assign(Object.create(null), Object.fromEntries(cells))
  })
  const encoded = encodeModelRows({ rows }, model, rowOptionsOf({}), limits)
  return { kind: 'rows', ...encoded }
}

/** Columns of values → rows. */
function rowsOfColumns(items: unknown, model: RowModel): unknown {
  if (!isObject(items)) return items
  const names = Object.keys(items)
  const hasRows = names.length === 1 && names[0] === rowsName
  if (hasRows && !model.columns.some(({ name }) => name === rowsName)) return items[rowsName]
  const columns = Object.entries(items).map(
    ([name, values]) => [name, listOf(values, quoteTruncated(name))] as const,
  )
  const count = columns[0]?.[1].length ?? 0
  for (const [name, { length }] of columns) {
    if (length === count) continue
    throw invalidValues(`${quoteTruncated(name)} has ${length} values, but others have ${count}`)
  }
  return Array.from({ length: count }, (_, row) => {
    const cells = Object.create(null) as Record<string, unknown>
    for (const [name, values] of columns) cells[name] = values[row]
    return cells
  })
}

/** Features of shape [n, 1] come as lists of one value, and texts may come as bytes. */
function cellOf(cell: unknown): unknown {
  const value = Array.isArray(cell) && cell.length === 1 ? (cell[0] as unknown) : cell
  return isFile(value) ? Buffer.from(bytesOf('b64', value)).toString() : value
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Bytes as they are (gRPC), or as JSON has them. */
type Bytes = Uint8Array | { b64: string }

const isFile = (value: unknown): value is Bytes =>
  value instanceof Uint8Array ||
  (isObject(value) && typeof value.b64 === 'string' && Object.keys(value).length === 1)

const bytesOf = (name: string, value: Bytes): Uint8Array =>
  value instanceof Uint8Array ? value : decodeBase64(name, value.b64)

function listOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw invalidRequest(`${name} is expected to be a list`)
}
