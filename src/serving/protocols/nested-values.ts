// Values of tensors in JSON: nested lists that have the form of the shape, or one flat list.
import { quoteJson, quoteTruncated } from '../../errors.js'
import {
  type Datatype,
  describeShape,
  emptyNumbers,
  invalidRequest,
  invalidValues,
  type NumberArray,
  type NumberType,
  sizeOfShape,
  type Tensor,
} from './tensor.js'

export interface NestedOptions {
  /** More values than that cannot be in the text that `data` was parsed from. */
  maxValues: number
  /** BYTES are base64; else they are text. */
  base64?: boolean
}

/** The values of a tensor in JSON. Throws unless they have the shape and the type. */
export function readNested(
  { name, datatype, shape }: { name: string; datatype: Datatype; shape: readonly number[] },
  data: unknown,
  options: NestedOptions,
): Tensor {
  const count = sizeOfShape(name, shape)
  if (!Array.isArray(data)) {
    const message = `the data of ${quoteTruncated(name)} is ${describeValue(data)}, expected a list of ${count} values`
    throw invalidRequest(message)
  }
  const isNested = Array.isArray(data[0])
  const sizes = isNested ? shape : [count]
  if (data.length !== sizes[0]) throw wrongLength(name, [], data.length, sizes[0] ?? 1, shape)
  // before memory is taken for a shape that the data does not have
  if (count > options.maxValues) {
    const message = `${quoteTruncated(name)} has fewer values than its shape ${describeShape(shape)}`
    throw invalidValues(message)
  }
  if (datatype === 'BYTES') {
    const values: Uint8Array[] = []
    visit(name, data, sizes, (value, place) =>
      values.push(readBytes(name, place(), value, options)),
    )
    return { name, datatype, shape, values }
  }
  const values = emptyNumbers(datatype, count)
  fillNumbers(name, datatype, data, sizes, values)
  return { name, datatype, shape, values }
}

function fillNumbers(
  name: string,
  datatype: NumberType,
  data: unknown,
  sizes: readonly number[],
  values: NumberArray,
): void {
  const isValue = validators[datatype]
  const isBig = values instanceof BigInt64Array || values instanceof BigUint64Array
  let offset = 0
  visit(name, data, sizes, (value, place) => {
    if (!isValue(value)) {
      const message = `${place()} is ${describeValue(value)}, expected a value of type ${datatype}`
      throw invalidValues(message)
    }
    if (isBig) values[offset++] = BigInt(value as number)
    else values[offset++] = Number(value)
  })
}

type Visitor = (value: unknown, place: () => string) => void

function visit(name: string, data: unknown, sizes: readonly number[], visitor: Visitor): void {
  const indices: number[] = new Array(sizes.length).fill(0)
  const place = () => `${quoteTruncated(name)}[${indices.join('][')}]`
  const walk = (value: unknown, depth: number): void => {
    const size = sizes[depth]
    if (size === undefined) {
      visitor(value, place)
      return
    }
    if (!Array.isArray(value)) throw wrongDepth(name, indices.slice(0, depth), value, sizes)
    if (value.length !== size)
      throw wrongLength(name, indices.slice(0, depth), value.length, size, sizes)
    for (let i = 0; i < size; i++) {
      indices[depth] = i
      walk(value[i], depth + 1)
    }
  }
  walk(data, 0)
}

const integer = (min: number, max: number) => (value: unknown) =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
// 1e400 is read as Infinity
const float = (value: unknown) => typeof value === 'number' && Number.isFinite(value)

const validators: Record<NumberType, (value: unknown) => boolean> = {
  BOOL: value => typeof value === 'boolean',
  UINT8: integer(0, 2 ** 8 - 1),
  UINT16: integer(0, 2 ** 16 - 1),
  UINT32: integer(0, 2 ** 32 - 1),
  UINT64: integer(0, Number.MAX_SAFE_INTEGER),
  INT8: integer(-(2 ** 7), 2 ** 7 - 1),
  INT16: integer(-(2 ** 15), 2 ** 15 - 1),
  INT32: integer(-(2 ** 31), 2 ** 31 - 1),
  INT64: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  FP16: float,
  BF16: float,
  FP32: float,
  FP64: float,
}

function readBytes(
  name: string,
  place: string,
  value: unknown,
  { base64 = false }: NestedOptions,
): Uint8Array {
  if (typeof value !== 'string') {
    const message = `${place} is ${describeValue(value)}, expected a text, since ${quoteTruncated(name)} has the type BYTES`
    throw invalidValues(message)
  }
  return base64 ? decodeBase64(place, value) : Buffer.from(value)
}

/** Base64 with the usual or the URL's alphabet, padded or not. */
const base64Pattern = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/

export function decodeBase64(place: string, text: string): Uint8Array {
  // the pattern allows two signs of padding, so the search for them is short
  if (base64Pattern.test(text) && text.replace(/=+$/, '').length % 4 !== 1)
    return Buffer.from(text, 'base64')
  throw invalidValues(`${place} is no base64`)
}

const describeValue = (value: unknown): string => {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return quoteJson(value)
}

function wrongLength(
  name: string,
  indices: readonly number[],
  length: number,
  expected: number,
  shape: readonly number[],
) {
  const place = indices.length > 0 ? `[${indices.join('][')}]` : ''
  const message = `${quoteTruncated(name)}${place} has ${length} values, expected ${expected} by the shape ${describeShape(shape)}`
  return invalidValues(message)
}

function wrongDepth(
  name: string,
  indices: readonly number[],
  value: unknown,
  shape: readonly number[],
) {
  const place = indices.length > 0 ? `[${indices.join('][')}]` : ''
  const message = `${quoteTruncated(name)}${place} is ${describeValue(value)}, expected a list by the shape ${describeShape(shape)}`
  return invalidValues(message)
}
