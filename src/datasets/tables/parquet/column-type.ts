// What the columns of a Parquet file are in a table:
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
import { isUtf8 } from 'node:buffer'
import type { ParquetType, SchemaElement, TimeUnit } from 'hyparquet'
import { parseFloat16 } from 'hyparquet/src/convert.js'
import type { NumberArray, SourceType, Texts } from '../columns/column-batch.js'
import { textsOf, withoutBigInts } from '../columns/prepared-values.js'
import { decimalNumber } from '../decimals.js'
import { formatDate, formatTime, formatTimestamp } from '../iso-times.js'
import type { RawValues } from './plain-values.js'

export type Converted = { kind: 'numbers'; values: NumberArray } | { kind: 'texts'; texts: Texts }

/** Numbers of fixed length, as they lie in a page. */
export type FixedKind = 'float64' | 'float32' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'bit'

export interface LeafType {
  physical: ParquetType
  /** Bytes of a value of fixed length. */
  length: number
  source: SourceType
  /** What float64 makes of it are the values; null if they are more than that. */
  fixed: FixedKind | null
  /** Throws if a value is none of the type. */
  convert(raw: RawValues): Converted
}

/** Days from Julian day 0 to 1970, by which INT96 counts. */
const julianEpoch = 2_440_588n
const nanosPerDay = 86_400_000_000_000n

/**
 * Returns how to read a column, or null if a table cannot have it. Integers of 64 bits become float64, unless
 * `isExact`, as for a category.
 */
export function leafTypeOf(element: SchemaElement, isExact: boolean): LeafType | null {
  const { type, type_length: length = 0 } = element
  if (!type) return null
  const found = conversionOf(element, type, length)
  if (!found) return null
  const { source } = found
  const convert = (raw: RawValues): Converted => {
    const converted = found.convert(raw)
    if (converted.kind === 'texts' || isExact) return converted
    return { kind: 'numbers', values: withoutBigInts(converted.values) }
  }
  const fixed = isExact ? null : fixedKindOf(type, found)
  return { physical: type, length, source, fixed, convert }
}

const signedKinds: Readonly<Partial<Record<ParquetType, FixedKind>>> = {
  ...{ BOOLEAN: 'bit', FLOAT: 'float32', DOUBLE: 'float64' },
  ...{ INT32: 'int32', INT64: 'int64' },
}

function fixedKindOf(type: ParquetType, { convert }: Conversion): FixedKind | null {
  if (convert === unsigned) return type === 'INT32' ? 'uint32' : 'uint64'
  return convert === numbersOf ? (signedKinds[type] ?? null) : null
}

type Conversion = Pick<LeafType, 'source' | 'convert'>

function conversionOf(
  element: SchemaElement,
  type: ParquetType,
  length: number,
): Conversion | null {
  const { logical_type: logical, converted_type: converted } = element
  if (logical?.type === 'DECIMAL' || converted === 'DECIMAL') return decimal(element, type)
  switch (type) {
    case 'BOOLEAN':
      return { source: 'boolean', convert: numbersOf }
    case 'FLOAT':
    case 'DOUBLE':
      return { source: 'number', convert: numbersOf }
    case 'INT96':
      return { source: 'text', convert: eachBytes(int96Text) }
    case 'INT32':
    case 'INT64':
      return integer(element)
    case 'FIXED_LEN_BYTE_ARRAY':
      if (logical?.type === 'FLOAT16' && length === 2)
        return { source: 'number', convert: float16Numbers }
      if (logical?.type === 'UUID' && length === 16)
        return { source: 'text', convert: eachBytes(uuidText) }
      return null
    case 'BYTE_ARRAY':
      return isTextType(element) ? { source: 'text', convert: checkedTexts } : null
  }
}

const isTextType = ({
  logical_type: logical,
  converted_type: converted,
}: SchemaElement): boolean =>
  logical === undefined
    ? converted === undefined || ['UTF8', 'ENUM', 'JSON'].includes(converted)
    : ['STRING', 'ENUM', 'JSON'].includes(logical.type)

function integer({ logical_type: logical, converted_type: converted }: SchemaElement): Conversion {
  if (logical?.type === 'DATE' || converted === 'DATE')
    return { source: 'text', convert: eachNumber(days => formatDate(Number(days))) }
  const time = timeUnitOf('TIME', logical, converted)
  if (time)
    return { source: 'text', convert: eachNumber(value => formatTime(toNanos(value, time))) }
  const timestamp = timeUnitOf('TIMESTAMP', logical, converted)
  if (timestamp) {
    // the older mark stands for instants, the newer one says it
    const isUtc = logical?.type === 'TIMESTAMP' ? logical.isAdjustedToUTC : true
    const format = (value: number | bigint) => formatTimestamp(toNanos(value, timestamp), isUtc)
    return { source: 'text', convert: eachNumber(format) }
  }
  const isUnsigned =
    logical?.type === 'INTEGER' ? !logical.isSigned : converted?.startsWith('UINT_') === true
  return { source: 'integer', convert: isUnsigned ? unsigned : numbersOf }
}

const unitNames = { MILLIS: 1_000_000n, MICROS: 1000n, NANOS: 1n } as const

/** Nanoseconds of the unit; null if the column is none of times. */
function timeUnitOf(
  kind: 'TIME' | 'TIMESTAMP',
  logical: SchemaElement['logical_type'],
  converted: SchemaElement['converted_type'],
): bigint | null {
  if (logical?.type === kind && 'unit' in logical) return unitNames[logical.unit as TimeUnit]
  if (converted === `${kind}_MILLIS`) return unitNames.MILLIS
  return converted === `${kind}_MICROS` ? unitNames.MICROS : null
}

const toNanos = (value: number | bigint, unit: bigint): bigint => BigInt(value) * unit

function numbersOf(raw: RawValues): Converted {
  if (raw.kind === 'numbers') return raw
  throw new Error('it has texts instead of numbers')
}

function unsigned(raw: RawValues): Converted {
  const { values } = numbersOf(raw) as { values: NumberArray }
  const { buffer, byteOffset, length } = values
  return {
    kind: 'numbers',
    values:
      values instanceof BigInt64Array
        ? new BigUint64Array(buffer, byteOffset, length)
        : new Uint32Array(buffer, byteOffset, length),
  }
}

/** A text for each number; equal ones follow each other often. */
function eachNumber(format: (value: number | bigint) => string) {
  return (raw: RawValues): Converted => {
    const { values } = numbersOf(raw) as { values: NumberArray }
    return { kind: 'texts', texts: textsOf(Array.from<number | bigint, string>(values, format)) }
  }
}

function eachBytes(format: (bytes: Buffer) => string) {
  return (raw: RawValues): Converted => ({ kind: 'texts', texts: textsOf(mapBytes(raw, format)) })
}

function mapBytes<Result>(raw: RawValues, map: (bytes: Buffer) => Result): Result[] {
  if (raw.kind === 'numbers') throw new Error('it has numbers instead of bytes')
  const { bytes, offsets } = raw.texts
  return Array.from({ length: offsets.length - 1 }, (_, at) =>
    map(bytes.subarray(offsets[at], offsets[at + 1])),
  )
}

function checkedTexts(raw: RawValues): Converted {
  if (raw.kind === 'numbers') throw new Error('it has numbers instead of texts')
  const { texts } = raw
  if (isUtf8(texts.bytes)) return { kind: 'texts', texts }
  const found = mapBytes(raw, text => text).find(text => !isUtf8(text))
  const shown = JSON.stringify(found?.subarray(0, 40).toString() ?? '')
  throw new Error(`${shown} is not UTF-8: write texts as strings, and leave out other bytes`)
}

const float16Numbers = (raw: RawValues): Converted => ({
  kind: 'numbers',
  values: Float32Array.from(mapBytes(raw, bytes => parseFloat16(bytes) ?? Number.NaN)),
})

function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function int96Text(bytes: Buffer): string {
  const days = BigInt(bytes.readUInt32LE(8)) - julianEpoch
  return formatTimestamp(days * nanosPerDay + bytes.readBigUInt64LE(0), false)
}

function decimal(element: SchemaElement, type: ParquetType): Conversion | null {
  const { logical_type: logical } = element
  const scale = (logical?.type === 'DECIMAL' ? logical.scale : element.scale) ?? 0
  if (scale < 0 || scale > 1000) return null
  const source = scale === 0 ? 'integer' : 'number'
  const toNumber = (unscaled: bigint) => decimalNumber(unscaled, scale)
  if (type === 'INT32' || type === 'INT64') {
    if (scale === 0) return { source, convert: numbersOf }
    const convert = (raw: RawValues): Converted => {
      const { values } = numbersOf(raw) as { values: NumberArray }
      const numbers = Array.from<number | bigint, number>(values, each => toNumber(BigInt(each)))
      return { kind: 'numbers', values: Float64Array.from(numbers) }
    }
    return { source, convert }
  }
  if (type !== 'BYTE_ARRAY' && type !== 'FIXED_LEN_BYTE_ARRAY') return null
  const convert = (raw: RawValues): Converted => ({
    kind: 'numbers',
    values: Float64Array.from(mapBytes(raw, bytes => toNumber(bigEndian(bytes)))),
  })
  return { source, convert }
}

function bigEndian(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
}
