// Values as Parquet encodes them: https://github.com/apache/parquet-format/blob/master/Encodings.md
import type { Encoding, ParquetType } from 'hyparquet'
import { alpDecode } from 'hyparquet/src/alp.js'
import { deltaBinaryUnpack, deltaByteArray } from 'hyparquet/src/delta.js'
import type { NumberArray, Texts } from '../columns/column-batch.js'
import { readBits } from './bit-packing.js'

/** The values of a page that are not null. */
export type RawValues = { kind: 'numbers'; values: NumberArray } | { kind: 'bytes'; texts: Texts }

const fixedWidths: Readonly<Partial<Record<ParquetType, number>>> = {
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
}

/** Decodes `count` values from `start` on. Throws if the bytes do not hold them. */
export function readValues(
  encoding: Encoding,
  type: ParquetType,
  typeLength: number,
  bytes: Uint8Array,
  start: number,
  count: number,
): RawValues {
  switch (encoding) {
    case 'PLAIN':
      return readPlain(type, typeLength, bytes, start, count)
    case 'RLE': {
      if (type !== 'BOOLEAN') break
      const view = viewOf(bytes, start)
      const length = view.byteLength < 4 ? 0 : view.getUint32(0, true)
      if (length > view.byteLength - 4) throw new Error('its values end early')
      return { kind: 'numbers', values: readBits(bytes, start + 4, start + 4 + length, count) }
    }
    case 'BYTE_STREAM_SPLIT':
      return readSplit(type, typeLength, bytes, start, count)
    case 'DELTA_BINARY_PACKED':
      return { kind: 'numbers', values: readDeltas(type, bytes, start, count) }
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return { kind: 'bytes', texts: readDeltaLengths(bytes, start, count) }
    case 'DELTA_BYTE_ARRAY':
      return { kind: 'bytes', texts: readDeltaBytes(bytes, start, count) }
    case 'ALP': {
      const values = alpDecode({ view: viewOf(bytes, start), offset: 0 }, count, type)
      return { kind: 'numbers', values: values as Float64Array }
    }
  }
  throw new Error(`it has the encoding ${encoding}, which is not read for ${type}`)
}

function readPlain(
  type: ParquetType,
  typeLength: number,
  bytes: Uint8Array,
  start: number,
  count: number,
): RawValues {
  if (type === 'BYTE_ARRAY') return { kind: 'bytes', texts: readByteArrays(bytes, start, count) }
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : (fixedWidths[type] ?? 1 / 8)
  const end = start + Math.ceil(count * width)
  if (end > bytes.length) throw new Error('its values end early')
  if (type === 'BOOLEAN') return { kind: 'numbers', values: unpackBits(bytes, start, count) }
  return fixedValues(type, width, bytes, start, end)
}

/** `bytes` may lie at any address, so they are copied to where numbers may begin, unless they lie so. */
function fixedValues(
  type: ParquetType,
  width: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): RawValues {
  const { buffer, byteOffset, length } = aligned(bytes.subarray(start, end))
  switch (type) {
    case 'INT32':
      return { kind: 'numbers', values: new Int32Array(buffer, byteOffset, length / 4) }
    case 'INT64':
      return { kind: 'numbers', values: new BigInt64Array(buffer, byteOffset, length / 8) }
    case 'FLOAT':
      return { kind: 'numbers', values: new Float32Array(buffer, byteOffset, length / 4) }
    case 'DOUBLE':
      return { kind: 'numbers', values: new Float64Array(buffer, byteOffset, length / 8) }
    default: {
      const offsets = Int32Array.from({ length: length / width + 1 }, (_, at) => at * width)
      return { kind: 'bytes', texts: { bytes: Buffer.from(buffer, byteOffset, length), offsets } }
    }
  }
}

/** A few values must not keep the memory of a large page. */
function aligned(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes
  return byteOffset % 8 === 0 && 2 * length >= buffer.byteLength ? bytes : new Uint8Array(bytes)
}

function unpackBits(bytes: Uint8Array, start: number, count: number): Uint8Array {
  const bits = new Uint8Array(count)
  for (let at = 0; at < count; at++) bits[at] = (bytes[start + (at >> 3)]! >> (at & 7)) & 1
  return bits
}

function readByteArrays(bytes: Uint8Array, start: number, count: number): Texts {
  // each has four bytes of length, so that the count cannot lie
  if (count > (bytes.length - start) / 4) throw new Error('its values end early')
  const offsets = new Int32Array(count + 1)
  const texts = Buffer.alloc(bytes.length - start - 4 * count)
  let at = start
  let to = 0
  for (let text = 0; text < count; text++) {
    if (at + 4 > bytes.length) throw new Error('its values end early')
    const length =
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
    at += 4
    if (length > bytes.length - at) throw new Error('a text is longer than its page')
    // a call of set() takes longer than the bytes of a short text
    if (length < 32) for (let byte = 0; byte < length; byte++) texts[to + byte] = bytes[at + byte]!
    else texts.set(bytes.subarray(at, at + length), to)
    at += length
    to += length
    offsets[text + 1] = to
  }
  return { bytes: texts, offsets }
}

function readSplit(
  type: ParquetType,
  typeLength: number,
  bytes: Uint8Array,
  start: number,
  count: number,
): RawValues {
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : fixedWidths[type]
  if (!width) throw new Error(`it has the encoding BYTE_STREAM_SPLIT for ${type}`)
  if (start + width * count > bytes.length) throw new Error('its values end early')
  const joined = new Uint8Array(width * count)
  for (let stream = 0; stream < width; stream++) {
    const from = start + stream * count
    for (let value = 0; value < count; value++)
      joined[value * width + stream] = bytes[from + value]!
  }
  return fixedValues(type, width, joined, 0, joined.length)
}

/** The first numbers of the header say how many values a block has: absurd ones are no page of any writer. */
const maxBlockValues = 2 ** 20

function readDeltas(
  type: ParquetType,
  bytes: Uint8Array,
  start: number,
  count: number,
): Int32Array | BigInt64Array {
  const values = type === 'INT64' ? new BigInt64Array(count) : new Int32Array(count)
  if (count === 0) return values
  const reader = { view: viewOf(bytes, start), offset: 0 }
  checkBlocks(reader.view)
  deltaBinaryUnpack(reader, count, values)
  return values
}

function checkBlocks(view: DataView): void {
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = view.getUint8(at++)
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
      if (shift > 28) throw new Error('its blocks have impossible sizes')
    }
  }
  const block = varint()
  const parts = varint()
  if (block > maxBlockValues || parts < 1 || block < parts || block % parts !== 0)
    throw new Error('its blocks have impossible sizes')
}

/** Lengths are checked before anything is cut by them. */
function readDeltaLengths(bytes: Uint8Array, start: number, count: number): Texts {
  const lengths = new Int32Array(count)
  const reader = { view: viewOf(bytes, start), offset: 0 }
  if (count > 0) {
    checkBlocks(reader.view)
    deltaBinaryUnpack(reader, count, lengths)
  }
  const offsets = new Int32Array(count + 1)
  for (let text = 0; text < count; text++) {
    offsets[text + 1] = offsets[text]! + lengths[text]!
    if (lengths[text]! < 0 || offsets[text + 1]! > bytes.length - start - reader.offset)
      throw new Error('a text is longer than its page')
  }
  const from = start + reader.offset
  return { bytes: Buffer.from(bytes.subarray(from, from + offsets[count]!)), offsets }
}

/** What the texts of one page may take once they are complete. */
const maxTextBytes = 64 * 2 ** 20

function readDeltaBytes(bytes: Uint8Array, start: number, count: number): Texts {
  if (count === 0) return { bytes: Buffer.alloc(0), offsets: new Int32Array(1) }
  const view = viewOf(bytes, start)
  checkBlocks(view)
  const prefixes = new Int32Array(count)
  const probe = { view, offset: 0 }
  deltaBinaryUnpack(probe, count, prefixes)
  // each text may repeat nearly all of the one before
  const repeated = prefixes.reduce((sum, length) => sum + Math.max(0, length), 0)
  if (repeated > maxTextBytes) throw new Error('its texts are too long')
  const texts: Uint8Array[] = new Array(count)
  deltaByteArray({ view, offset: 0 }, count, texts)
  const offsets = new Int32Array(count + 1)
  for (const [text, { length }] of texts.entries()) offsets[text + 1] = offsets[text]! + length
  return { bytes: Buffer.concat(texts), offsets }
}

const viewOf = (bytes: Uint8Array, start: number) =>
  new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start)
