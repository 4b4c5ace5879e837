// A TensorFlow checkpoint: names, types and shapes without TensorFlow, and whether the files hold
// what they promise (tensorflow/core/util/tensor_bundle; for the old format, saved_tensor_slice).
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import type { WeightsTensor } from '../spec/weights.js'
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
  SavedTensorSlicesSchema,
  type TensorShapeProto,
} from './bundle_pb.js'
import { damaged } from './errors.js'
import {
  checkBlock,
  checksum,
  isTable,
  readBlock,
  type TableFile,
  tableBlocks,
  unmask,
} from './leveldb-table.js'

export interface Bundle {
  format: 'v1' | 'v2'
  /** How many data files the index is for; none in the old format. */
  shards: number
  tensors: WeightsTensor[]
  /** Where the values are, slices of divided tensors included. */
  stretches: Stretch[]
}

interface Stretch {
  name: string
  shard: number
  offset: number
  bytes: number
  /** null for types whose checksum is not that of their bytes. */
  crc: number | null
}

/** TensorFlow's DataType → NumPy's name and the bytes of an element; 0 where that varies. */
const types: Record<number, readonly [name: string, bytes: number]> = {
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

/** The data file of an index, or the index or old file itself, by TensorFlow's naming. */
export const shardName = (prefix: string, shard: number, shards: number) =>
  `${prefix}.data-${padded(shard)}-of-${padded(shards)}`

const padded = (value: number) => String(value).padStart(5, '0')

/** null where the file is no table at all. The values are not read: see `checkValues`. */
export async function readBundle(path: string, name = basename(path)): Promise<Bundle | null> {
  return withTable(path, name, async file => {
    if (!(await isTable(file))) return null
    const blocks = await tableBlocks(file)
    const [head] = blocks[0] ? await readBlock(file, blocks[0]) : []
    if (head?.key.length !== 0) throw damaged(name, 'its first entry is no header of a checkpoint')
    // both formats begin with an entry of no name: a count here, a list of tensors there
    if (head.value[0] === 0x0a) return oldBundle(file, head.value)
    const shards = headerShards(file, head.value)
    const tensors: WeightsTensor[] = []
    const stretches: Stretch[] = []
    for (const block of blocks) {
      for (const { key, value } of await readBlock(file, block)) {
        if (key.length === 0) continue
        const entry = parse(file, BundleEntryProtoSchema, value)
        const tensor = tensorOf(file, key, entry)
        // keys of slices begin with a zero; the tensor that they make up has an entry of its own
        if (key[0] !== 0) tensors.push(tensor)
        if (entry.slices.length === 0) stretches.push(stretchOf(file, tensor, entry, shards))
      }
    }
    return { format: 'v2', shards, tensors, stretches }
  })
}

/** Whether the files hold what the index says; `paths` in the order of their numbers. */
export async function checkValues(
  { stretches }: Bundle,
  files: readonly { path: string; name: string }[],
): Promise<void> {
  for (const [shard, { path, name }] of files.entries()) {
    await withTable(path, name, async ({ handle, bytes: there }) => {
      for (const one of stretches.filter(stretch => stretch.shard === shard)) {
        const { name: tensor, offset, bytes, crc } = one
        if (offset + bytes > there) {
          const trouble = `${tensor} ends at byte ${offset + bytes}, the file at ${there}`
          throw damaged(name, trouble)
        }
        if (crc !== null && (await checksum(handle, offset, bytes)) !== crc) {
          throw damaged(name, `the values of ${tensor} do not match their checksum`)
        }
      }
    })
  }
}

/** Whether every block of an old file is as it was written. */
export async function checkOldValues(path: string, name: string): Promise<void> {
  await withTable(path, name, async file => {
    for (const block of await tableBlocks(file)) await checkBlock(file, block)
  })
}

async function withTable<T>(
  path: string,
  name: string,
  work: (file: TableFile) => Promise<T>,
): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await work({ name, handle, bytes: (await handle.stat()).size })
  } finally {
    await handle.close()
  }
}

function oldBundle(file: TableFile, header: Buffer): Bundle {
  const { meta } = parse(file, SavedTensorSlicesSchema, header)
  const tensors = (meta?.tensor ?? []).map(({ name, shape, type }) => ({
    name: checkedName(file, name),
    dtype: types[type]?.[0] ?? `type ${type}`,
    shape: shapeOf(file, name, shape),
  }))
  return { format: 'v1', shards: 0, tensors, stretches: [] }
}

function headerShards(file: TableFile, header: Buffer): number {
  const { numShards, endianness } = parse(file, BundleHeaderProtoSchema, header)
  if (endianness !== 0)
    throw damaged(file.name, 'it is of a big-endian machine; save it on another')
  if (numShards >= 1 && numShards <= 1000) return numShards
  throw damaged(file.name, `it is for ${numShards} data files, expected 1 to 1000`)
}

function tensorOf(file: TableFile, key: Buffer, { dtype, shape }: BundleEntryProto): WeightsTensor {
  const name = key[0] === 0 ? 'a slice' : checkedName(file, key.toString())
  return { name, dtype: types[dtype]?.[0] ?? `type ${dtype}`, shape: shapeOf(file, name, shape) }
}

function stretchOf(
  file: TableFile,
  { name, shape }: WeightsTensor,
  { dtype, shardId, offset, size, crc32c }: BundleEntryProto,
  shards: number,
): Stretch {
  const bytes = Number(size)
  const width = types[dtype]?.[1] ?? 0
  const needed = shape.reduce((product, extent) => product * extent, width)
  if (width > 0 && bytes !== needed) {
    throw damaged(file.name, `${name} has ${bytes} bytes, its shape needs ${needed}`)
  }
  if (offset < 0 || size < 0 || shardId < 0 || shardId >= shards) {
    throw damaged(file.name, `${name} lies outside of the data files`)
  }
  return {
    name,
    shard: shardId,
    offset: Number(offset),
    bytes,
    crc: width > 0 ? unmask(crc32c) : null,
  }
}

function checkedName(file: TableFile, name: string): string {
  if (/^[\x21-\x7e]{1,1000}$/.test(name)) return name
  throw damaged(file.name, `${JSON.stringify(name.slice(0, 60))} is no name of a variable`)
}

function shapeOf(file: TableFile, name: string, shape: TensorShapeProto | undefined): number[] {
  const extents = (shape?.dim ?? []).map(({ size }) => Number(size))
  const elements = extents.reduce((product, extent) => product * extent, 1)
  const sound = extents.length <= 16 && extents.every(extent => extent >= 0)
  if (sound && Number.isSafeInteger(elements) && !shape?.unknownRank) return extents
  throw damaged(file.name, `${name} has an impossible shape`)
}

function parse<D extends DescMessage>(file: TableFile, schema: D, bytes: Buffer): MessageShape<D> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (cause) {
    throw damaged(file.name, 'one of its entries is unreadable', cause)
  }
}
