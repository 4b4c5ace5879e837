// Named tensors of the Open Inference Protocol, as REST (JSON and binary) and gRPC carry them.
import { quoteTruncated, TrainyardError, truncate } from '../../errors.js'

const arrays = {
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const

/** Bytes of a value; BYTES has none, since each of its values has a length. */
export const valueBytes = {
  BOOL: 1,
  FP16: 2,
  BF16: 2,
  ...(Object.fromEntries(
    Object.entries(arrays).map(([name, { BYTES_PER_ELEMENT }]) => [name, BYTES_PER_ELEMENT]),
  ) as Record<keyof typeof arrays, number>),
} as const

export type NumberType = keyof typeof valueBytes
export type Datatype = NumberType | 'BYTES'
export type NumberArray = InstanceType<(typeof arrays)[keyof typeof arrays]>

interface TensorHead {
  name: string
  shape: readonly number[]
}
/** Row-major. FP16 and BF16 are held as floats, BOOL as bytes 0 and 1. */
export interface NumberTensor extends TensorHead {
  datatype: NumberType
  values: NumberArray
}
export interface BytesTensor extends TensorHead {
  datatype: 'BYTES'
  values: readonly Uint8Array[]
}
export type Tensor = NumberTensor | BytesTensor

export const isDatatype = (text: unknown): text is Datatype =>
  text === 'BYTES' || (typeof text === 'string' && Object.hasOwn(valueBytes, text))

/** Refuses a request that is not of the protocol's form. */
export const invalidRequest = (message: string) => new TrainyardError('INVALID_REQUEST', message)

/** Refuses values that the model does not take. */
export const invalidValues = (message: string) => new TrainyardError('INVALID_INSTANCES', message)

export const describeShape = (shape: readonly number[]) => truncate(`[${shape.join(', ')}]`)

/** The number of values of a shape. Throws if it is no shape. */
export function sizeOfShape(name: string, shape: unknown): number {
  const isShape =
    Array.isArray(shape) &&
    shape.length <= maxRank &&
    shape.every(size => Number.isSafeInteger(size) && size >= 0)
  if (!isShape) {
    const found = truncate(JSON.stringify(shape) ?? 'missing')
    const message = `the shape of ${quoteTruncated(name)} is ${found}, expected a list of at most ${maxRank} sizes`
    throw invalidRequest(message)
  }
  const size = (shape as number[]).reduce((product, length) => product * length, 1)
  if (Number.isSafeInteger(size)) return size
  const message = `the shape of ${quoteTruncated(name)} is ${describeShape(shape)}, which has too many values`
  throw invalidRequest(message)
}

const maxRank = 8

/** Little-endian bytes without padding → values. `bytes` has a whole number of them. */
export function decodeNumbers(datatype: NumberType, bytes: Uint8Array): NumberArray {
  // a typed array begins at a multiple of its values' size
  const copy = Uint8Array.from(bytes)
  if (datatype === 'BOOL') return copy.map(byte => (byte === 0 ? 0 : 1))
  if (datatype === 'FP16') return Float32Array.from(new Uint16Array(copy.buffer), fromHalf)
  if (datatype === 'BF16') return fromBrainFloats(new Uint16Array(copy.buffer))
  return new arrays[datatype](copy.buffer)
}

export const encodeNumbers = ({ values }: NumberTensor): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** An array for `count` values of a type. */
export function emptyNumbers(datatype: NumberType, count: number): NumberArray {
  if (datatype === 'BOOL') return new Uint8Array(count)
  if (datatype === 'FP16' || datatype === 'BF16') return new Float32Array(count)
  return new arrays[datatype](count)
}

/** IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** The upper half of a float. */
const fromBrainFloats = (values: Uint16Array) =>
  new Float32Array(Uint32Array.from(values, value => value << 16).buffer)

/** Each value as its length, an unsigned 32-bit number, and its bytes. */
export function encodeBytes({ values }: BytesTensor): Uint8Array {
  const size = values.reduce((sum, { length }) => sum + 4 + length, 0)
  const encoded = Buffer.alloc(size)
  let offset = 0
  for (const value of values) {
    offset = encoded.writeUInt32LE(value.length, offset)
    encoded.set(value, offset)
    offset += value.length
  }
  return encoded
}

/** Views of the values in `bytes`. Throws unless there are exactly `count`. */
export function decodeBytes(name: string, bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: Uint8Array[] = []
  let offset = 0
  const misfit = (found: string) => {
    const message = `the data of ${quoteTruncated(name)} ${found}, expected ${count} values, each after its length in 4 bytes`
    return invalidRequest(message)
  }
  while (offset < bytes.length) {
    if (values.length === count) throw misfit(`goes on after value ${count}`)
    if (offset + 4 > bytes.length) throw misfit(`ends within the length of value ${values.length}`)
    const length = view.getUint32(offset, true)
    offset += 4
    if (length > bytes.length - offset)
      throw misfit(`ends within value ${values.length} of ${length} bytes`)
    values.push(bytes.subarray(offset, offset + length))
    offset += length
  }
  if (values.length < count) throw misfit(`has ${values.length} values`)
  return values
}
