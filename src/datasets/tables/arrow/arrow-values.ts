// The values of Arrow's columns: https://arrow.apache.org/docs/format/Columnar.html#physical-memory-layout
import { isUtf8 } from 'node:buffer'
import { parseFloat16 } from 'hyparquet/src/convert.js'
import type { NumberArray, SourceType, Texts, Validity } from '../columns/column-batch.js'
import { textsOf, withoutBigInts } from '../columns/prepared-values.js'
import { decimalNumber } from '../decimals.js'
import { formatDate, formatTime, formatTimestamp } from '../iso-times.js'
import type { ArrowField, ArrowType } from './arrow-schema.js'
import type { BodyBuffers } from './body-buffers.js'

export type ArrowValues = { kind: 'numbers'; values: NumberArray } | { kind: 'texts'; texts: Texts }

/** The buffers of one column: its first one, and how many follow with texts of a view. */
export interface ColumnBuffers {
  buffers: BodyBuffers
  first: number
  /** Buffers with the data of views. */
  variadic: number
}

const nanosPerUnit = [1_000_000_000n, 1_000_000n, 1000n, 1n]

/** What a table has for a type; null if it cannot have it. */
export function sourceTypeOf({ name, unit, bitWidth, scale }: ArrowType): SourceType | null {
  switch (name) {
    case 'null':
      return 'number'
    case 'bool':
      return 'boolean'
    case 'float':
      return unit >= 0 && unit <= 2 ? 'number' : null
    case 'int':
      return [8, 16, 32, 64].includes(bitWidth) ? 'integer' : null
    case 'duration':
      return 'integer'
    case 'decimal':
      if (![32, 64, 128, 256].includes(bitWidth) || scale < 0 || scale > 1000) return null
      return scale === 0 ? 'integer' : 'number'
    case 'date':
      return unit === 0 || unit === 1 ? 'text' : null
    case 'time':
      return (bitWidth === 32 || bitWidth === 64) && nanosPerUnit[unit] ? 'text' : null
    case 'timestamp':
      return nanosPerUnit[unit] ? 'text' : null
    case 'utf8':
    case 'large_utf8':
    case 'utf8_view':
      return 'text'
    default:
      return null
  }
}

/** How many buffers a type has, without those of its children and of views. */
export function bufferCountOf({ type, dictionary }: ArrowField): number {
  if (dictionary) return 2
  switch (type.name) {
    case 'null':
    case 'run_end':
      return 0
    case 'struct':
    case 'fixed_list':
      return 1
    case 'union':
      // sparse, or dense with offsets
      return type.unit === 0 ? 1 : 2
    case 'binary':
    case 'utf8':
    case 'large_binary':
    case 'large_utf8':
    case 'list_view':
    case 'large_list_view':
      return 3
    default:
      return 2
  }
}

export const isView = ({ type, dictionary }: ArrowField): boolean =>
  !dictionary && (type.name === 'binary_view' || type.name === 'utf8_view')

/** Which of the rows from `from` on have a value. */
export function readValidity(column: ColumnBuffers, from: number, rows: number): Validity {
  const { buffers, first } = column
  if (buffers.length(first) === 0) return null
  const bits = readBits(buffers, first, from, rows)
  return bits.includes(0) ? bits : null
}

function readBits(buffers: BodyBuffers, index: number, from: number, rows: number): Uint8Array {
  const bytes = buffers.copy(index, from >> 3, (from + rows + 7) >> 3)
  const bits = new Uint8Array(rows)
  const shift = from & 7
  for (let row = 0; row < rows; row++) {
    const at = row + shift
    bits[row] = (bytes[at >> 3]! >> (at & 7)) & 1
  }
  return bits
}

/** The values of `rows` rows from `from` on. Where none is present, they have no meaning. */
export function readValues(
  type: ArrowType,
  column: ColumnBuffers,
  from: number,
  rows: number,
  valid: Validity,
): ArrowValues {
  switch (type.name) {
    case 'utf8':
    case 'large_utf8':
      return { kind: 'texts', texts: readTexts(column, from, rows, type.name === 'utf8' ? 4 : 8) }
    case 'utf8_view':
      return { kind: 'texts', texts: checkedTexts(readViews(column, from, rows, valid)) }
    case 'bool':
      return { kind: 'numbers', values: readBits(column.buffers, column.first + 1, from, rows) }
    case 'null':
      return { kind: 'numbers', values: new Float32Array(rows).fill(Number.NaN) }
    case 'float':
      return { kind: 'numbers', values: readFloats(type, column, from, rows) }
    case 'decimal':
      return { kind: 'numbers', values: readDecimals(type, column, from, rows, valid) }
    case 'date':
    case 'time':
    case 'timestamp': {
      const format = timeFormat(type)
      const values = readIntegers(timeBits(type), true, column, from, rows)
      const texts = Array.from<number | bigint, string>(values, (value, row) =>
        valid !== null && valid[row] === 0 ? '' : format(value),
      )
      return { kind: 'texts', texts: textsOf(texts) }
    }
    default: {
      const bits = type.name === 'duration' ? 64 : type.bitWidth
      return { kind: 'numbers', values: readIntegers(bits, type.isSigned, column, from, rows) }
    }
  }
}

function fixedBytes(column: ColumnBuffers, from: number, rows: number, width: number) {
  return column.buffers.copy(column.first + 1, from * width, (from + rows) * width)
}

export function readIntegers(
  bits: number,
  isSigned: boolean,
  column: ColumnBuffers,
  from: number,
  rows: number,
): NumberArray {
  const { buffer } = fixedBytes(column, from, rows, bits / 8)
  switch (bits) {
    case 8:
      return isSigned ? new Int8Array(buffer) : new Uint8Array(buffer)
    case 16:
      return isSigned ? new Int16Array(buffer) : new Uint16Array(buffer)
    case 32:
      return isSigned ? new Int32Array(buffer) : new Uint32Array(buffer)
    default:
      return isSigned ? new BigInt64Array(buffer) : new BigUint64Array(buffer)
  }
}

export function readFloats({ unit }: ArrowType, column: ColumnBuffers, from: number, rows: number) {
  const bytes = fixedBytes(column, from, rows, 2 << unit)
  if (unit === 2) return new Float64Array(bytes.buffer)
  if (unit === 1) return new Float32Array(bytes.buffer)
  const halves = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    halves[row] = parseFloat16(bytes.subarray(2 * row, 2 * row + 2)) ?? Number.NaN
  }
  return halves
}

function readDecimals(
  { bitWidth, scale }: ArrowType,
  column: ColumnBuffers,
  from: number,
  rows: number,
  valid: Validity,
): Float64Array {
  const width = bitWidth / 8
  const bytes = Buffer.from(fixedBytes(column, from, rows, width).buffer)
  const numbers = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    if (valid !== null && valid[row] === 0) continue
    const value = bytes.subarray(row * width, (row + 1) * width).toReversed()
    const unscaled = BigInt.asIntN(bitWidth, BigInt(`0x${Buffer.from(value).toString('hex')}`))
    numbers[row] = decimalNumber(unscaled, scale)
  }
  return numbers
}

const timeBits = ({ name, unit, bitWidth }: ArrowType): number =>
  name === 'time' ? bitWidth : name === 'date' && unit === 0 ? 32 : 64

function timeFormat({ name, unit, hasZone }: ArrowType): (value: number | bigint) => string {
  if (name === 'date')
    return unit === 0
      ? days => formatDate(Number(days))
      : millis => formatDate(Math.floor(Number(millis) / 86_400_000))
  const nanos = nanosPerUnit[unit]!
  return name === 'time'
    ? value => formatTime(BigInt(value) * nanos)
    : value => formatTimestamp(BigInt(value) * nanos, hasZone)
}

/** The bytes of each row of a column of bytes or texts. */
export function readBytes(
  { name }: ArrowType,
  column: ColumnBuffers,
  from: number,
  rows: number,
  valid: Validity,
): Texts {
  if (name === 'binary_view') return readViews(column, from, rows, valid)
  return readRanges(column, from, rows, name === 'binary' ? 4 : 8)
}

function readTexts(column: ColumnBuffers, from: number, rows: number, width: 4 | 8): Texts {
  return checkedTexts(readRanges(column, from, rows, width))
}

function readRanges(column: ColumnBuffers, from: number, rows: number, width: 4 | 8): Texts {
  const { buffers, first } = column
  // a batch without rows may have no offsets
  if (rows === 0) return { bytes: Buffer.alloc(0), offsets: new Int32Array(1) }
  const { buffer } = buffers.copy(first + 1, from * width, (from + rows + 1) * width)
  const ends = width === 4 ? new Int32Array(buffer) : withoutBigInts(new BigInt64Array(buffer))
  const start = ends[0]!
  const end = ends[rows]!
  const offsets = new Int32Array(rows + 1)
  for (let row = 1; row <= rows; row++) {
    offsets[row] = ends[row]! - start
    if (offsets[row]! < offsets[row - 1]! || ends[row]! > end)
      throw new RangeError('the offsets of its texts go back')
  }
  if (start < 0 || end - start > maxTextBytes)
    throw new RangeError(`the texts of ${rows} rows take ${end - start} bytes`)
  return { bytes: Buffer.from(buffers.copy(first + 2, start, end).buffer), offsets }
}

/** Texts of one batch, at most 65,536 rows. */
const maxTextBytes = 256 * 2 ** 20
const viewBytes = 16
/** A shorter text lies in its view. */
const maxInlineBytes = 12

function readViews(column: ColumnBuffers, from: number, rows: number, valid: Validity): Texts {
  const { buffers, first, variadic } = column
  const views = Buffer.from(fixedBytes(column, from, rows, viewBytes).buffer)
  const offsets = new Int32Array(rows + 1)
  const parts: Uint8Array[] = []
  let total = 0
  for (let row = 0; row < rows; row++) {
    const at = row * viewBytes
    const length = valid !== null && valid[row] === 0 ? 0 : views.readInt32LE(at)
    total += length
    if (length < 0 || total > maxTextBytes) throw new RangeError('its texts are too long')
    offsets[row + 1] = total
    if (length <= maxInlineBytes) parts.push(views.subarray(at + 4, at + 4 + length))
    else {
      const buffer = views.readInt32LE(at + 8)
      const start = views.readInt32LE(at + 12)
      if (buffer < 0 || buffer >= variadic || start < 0)
        throw new RangeError('a text lies in no buffer')
      parts.push(buffers.copy(first + 2 + buffer, start, start + length))
    }
  }
  return { bytes: Buffer.concat(parts, total), offsets }
}

function checkedTexts(texts: Texts): Texts {
  if (!isUtf8(texts.bytes)) throw new RangeError('a text is not UTF-8')
  return texts
}
