// Reads the names, types and shapes of a TensorFlow checkpoint without TensorFlow, and verifies its
// checksums. Format v2 is tensorflow/core/util/tensor_bundle, format v1 is saved_tensor_slice.
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { WeightsTensor } from '../spec/weights.js'
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
  SavedTensorSlicesSchema,
  type TensorShapeProto,
} from './bundle_pb.js'
import { damagedError } from './errors.js'
import {
  checksumRange,
  isTable,
  readBlock,
  readDataBlocks,
  readEntries,
  type TableFile,
  unmaskCrc,
  verifyBlock,
} from './leveldb-table.js'
import { parseStrictly } from './protobuf.js'

export interface TensorBundle {
  format: 'v1' | 'v2'
  /** The number of data files; 0 in format v1, whose only file contains the values. */
  shardCount: number
  tensors: WeightsTensor[]
  /** The positions of the values, including the slices of partitioned tensors. Empty in format v1. */
  segments: TensorSegment[]
}

interface TensorSegment {
  name: string
  shard: number
  offset: number
  bytes: number
  /** null if the checksum of the type is not the CRC of its bytes. */
  crc: number | null
}

/** TensorFlow's DataType → NumPy's name and the bytes of an element; 0 if the size varies. */
const dataTypes: Record<number, readonly [name: string, bytes: number]> = {
  1: ['float32', 4],
  2: ['float64', 8],
  3: ['int32', 4],
  4: ['uint8', 1],
  5: ['int16', 2],
  6: ['int8', 1],
  7: ['string', 0],
  8: ['complex64', 8],
  9: ['int64', 8],
  10: ['bool', 1],
  14: ['bfloat16', 2],
  17: ['uint16', 2],
  18: ['complex128', 16],
  19: ['float16', 2],
  21: ['variant', 0],
  22: ['uint32', 4],
  23: ['uint64', 8],
}

/** Types of later versions are allowed, but not those of references, which no file has. */
const maxDataType = 100

/** The name that TensorFlow gives to a data file of a checkpoint. */
export const shardName = (prefix: string, shard: number, shardCount: number) =>
  `${prefix}.data-${zeroPad(shard)}-of-${zeroPad(shardCount)}`

const zeroPad = (value: number) => String(value).padStart(5, '0')

/**
 * Reads the index file of a v2 checkpoint, or the only file of a v1 checkpoint. Returns null if the file
 * is no LevelDB table, and throws WEIGHTS_DAMAGED if it is a damaged one. Does not read the values.
 */
export async function readTensorBundle(
  path: string,
  name = basename(path),
): Promise<TensorBundle | null> {
  return withTableFile(path, name, async file => {
    if (!(await isTable(file))) return null
    const blocks = await readDataBlocks(file)
    const [header] = blocks[0] ? await readBlock(file, blocks[0]) : []
    if (header?.key.length !== 0)
      throw damagedError(name, 'its first entry is not the header of a checkpoint')
    // The header of v1 starts with field 1 as a message (0x0a), that of v2 with field 1 as a number.
    if (header.value[0] === 0x0a) return readV1Bundle(file, header.value)
    const shardCount = readShardCount(file, header.value)
    const tensors: WeightsTensor[] = []
    const segments: TensorSegment[] = []
    let [slices, expectedSlices] = [0, 0]
    for await (const { key, value } of readEntries(file, blocks)) {
      if (key.length === 0) continue
      const entry = parse(file, BundleEntryProtoSchema, value)
      const tensor = parseTensor(file, key, entry)
      // The key of a slice starts with a zero byte; the whole tensor has its own entry.
      if (key[0] === 0) slices++
      else tensors.push(tensor)
      if (entry.slices.length === 0) segments.push(parseSegment(file, tensor, entry, shardCount))
      else checkSlices(file, tensor, entry)
      expectedSlices += entry.slices.length
    }
    if (slices !== expectedSlices) {
      throw damagedError(name, `it has ${slices} slices, and its tensors list ${expectedSlices}`)
    }
    assertNoOverlap(file, segments)
    return { format: 'v2', shardCount, tensors, segments }
  })
}

/**
 * Verifies the sizes and checksums of the data files of a v2 checkpoint. `files` are in shard order.
 * Throws WEIGHTS_DAMAGED with the name of the first tensor that does not match.
 */
export async function verifyValues(
  { segments }: TensorBundle,
  files: readonly { path: string; name: string }[],
): Promise<void> {
  for (const [shard, { path, name }] of files.entries()) {
    await withTableFile(path, name, async ({ handle, size: fileSize }) => {
      for (const segment of segments.filter(candidate => candidate.shard === shard)) {
        const { name: tensor, offset, bytes, crc } = segment
        if (offset + bytes > fileSize) {
          const detail = `${tensor} ends at byte ${offset + bytes}, the file at ${fileSize}`
          throw damagedError(name, detail)
        }
        if (crc !== null && (await checksumRange(handle, offset, bytes)) !== crc) {
          throw damagedError(name, `the values of ${tensor} do not match their checksum`)
        }
      }
    })
  }
}

/** Verifies the checksum of every block of a v1 checkpoint. Throws WEIGHTS_DAMAGED if one does not match. */
export async function verifyV1Values(path: string, name: string): Promise<void> {
  await withTableFile(path, name, async file => {
    for (const block of await readDataBlocks(file)) await verifyBlock(file, block)
  })
}

async function withTableFile<T>(
  path: string,
  name: string,
  callback: (file: TableFile) => Promise<T>,
): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await callback({ name, handle, size: (await handle.stat()).size })
  } finally {
    await handle.close()
  }
}

function readV1Bundle(file: TableFile, header: Buffer): TensorBundle {
  const { meta } = parse(file, SavedTensorSlicesSchema, header)
  const tensors = (meta?.tensor ?? []).map(({ name, shape, type }) => ({
    name: validateName(file, name),
    dtype: dataTypes[type]?.[0] ?? `type ${type}`,
    shape: parseShape(file, name, shape),
  }))
  return { format: 'v1', shardCount: 0, tensors, segments: [] }
}

function readShardCount(file: TableFile, header: Buffer): number {
  const { numShards, endianness } = parse(file, BundleHeaderProtoSchema, header)
  if (endianness !== 0)
    throw damagedError(
      file.name,
      'it was saved on a big-endian machine; save it on a little-endian one',
    )
  if (numShards >= 1 && numShards <= 1000) return numShards
  throw damagedError(file.name, `it lists ${numShards} data files, expected 1 to 1000`)
}

function parseTensor(
  file: TableFile,
  key: Buffer,
  { dtype, shape }: BundleEntryProto,
): WeightsTensor {
  const name = key[0] === 0 ? 'a slice' : validateName(file, key.toString())
  return {
    name,
    dtype: dataTypes[dtype]?.[0] ?? `type ${dtype}`,
    shape: parseShape(file, name, shape),
  }
}

function parseSegment(
  file: TableFile,
  { name, shape }: WeightsTensor,
  { dtype, shardId, offset, size, crc32c }: BundleEntryProto,
  shardCount: number,
): TensorSegment {
  const bytes = Number(size)
  const elementBytes = dataTypes[dtype]?.[1] ?? 0
  if (dtype < 1 || dtype > maxDataType)
    throw damagedError(file.name, `${name} has the unknown type ${dtype}`)
  const expectedBytes = shape.reduce((product, extent) => product * extent, elementBytes)
  if (elementBytes > 0 && bytes !== expectedBytes) {
    throw damagedError(file.name, `${name} has ${bytes} bytes, its shape needs ${expectedBytes}`)
  }
  if (offset < 0 || size < 0 || shardId < 0 || shardId >= shardCount) {
    throw damagedError(file.name, `${name} lies outside the data files`)
  }
  return {
    name,
    shard: shardId,
    offset: Number(offset),
    bytes,
    crc: elementBytes > 0 ? unmaskCrc(crc32c) : null,
  }
}

/** The slices of a partitioned tensor lie within it and have as many elements. */
function checkSlices(
  file: TableFile,
  { name, shape }: WeightsTensor,
  { slices }: BundleEntryProto,
): void {
  const sizes = slices.map(({ extent }) => {
    const valid =
      extent.length === shape.length &&
      extent.every(({ start, length }, axis) => {
        return start >= 0n && length >= 0n && start + length <= BigInt(shape[axis]!)
      })
    // without a length, a slice has the whole axis
    const lengths = extent.map(({ length }, axis) => Number(length) || shape[axis]!)
    return valid ? elementCount(lengths) : Number.NaN
  })
  if (sizes.reduce((sum, size) => sum + size, 0) === elementCount(shape)) return
  throw damagedError(file.name, `the slices of ${name} do not make up its shape`)
}

const elementCount = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1)

function assertNoOverlap({ name }: TableFile, segments: readonly TensorSegment[]): void {
  const sorted = segments
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => a.shard - b.shard || a.offset - b.offset)
  for (const [i, segment] of sorted.entries()) {
    const before = sorted[i - 1]
    if (before?.shard !== segment.shard || before.offset + before.bytes <= segment.offset) continue
    throw damagedError(name, `the values of ${before.name} and ${segment.name} overlap`)
  }
}

function validateName(file: TableFile, name: string): string {
  if (/^[\x21-\x7e]{1,1000}$/.test(name)) return name
  throw damagedError(
    file.name,
    `${JSON.stringify(name.slice(0, 60))} is not the name of a variable`,
  )
}

function parseShape(file: TableFile, name: string, shape: TensorShapeProto | undefined): number[] {
  const extents = (shape?.dim ?? []).map(({ size }) => Number(size))
  const elements = extents.reduce((product, extent) => product * extent, 1)
  const valid = extents.length <= 16 && extents.every(extent => extent >= 0)
  if (valid && Number.isSafeInteger(elements) && !shape?.unknownRank) return extents
  throw damagedError(file.name, `${name} has an impossible shape`)
}

function parse<D extends DescMessage>(file: TableFile, schema: D, bytes: Buffer): MessageShape<D> {
  try {
    return parseStrictly(schema, bytes)
  } catch (cause) {
    throw damagedError(file.name, 'one of its entries is unreadable', cause)
  }
}
