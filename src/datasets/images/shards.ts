import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Shard } from '../../spec/dataset.js'
import type { ImageSource } from './image-source.js'
import { encodeExample } from './tfrecord/example.js'
import { TfrecordWriter } from './tfrecord/tfrecord-reader.js'

const recordsPerShard = 4000
const maxShards = 64

/**
 * Writes the records in a fixed random order, in shards of equal length. So each shard, and the tail
 * that a job holds out, is a random sample even if the upload was sorted by class.
 */
export function writeShards(source: ImageSource, folder: string): Shard[] {
  const { records, shape } = source
  const order = shuffledOrder(records)
  const count = Math.min(Math.max(Math.ceil(records / recordsPerShard), 1), maxShards)
  mkdirSync(join(folder, 'shards'))
  return Array.from({ length: count }, (_, shard) => {
    const name = `shards/part-${zeroPad(shard)}-of-${zeroPad(count)}.tfrecord`
    const writer = new TfrecordWriter(join(folder, name))
    const from = Math.floor((shard * records) / count)
    const to = Math.floor(((shard + 1) * records) / count)
    for (const record of order.subarray(from, to)) {
      writer.write(encodeExample(source.read(record), shape))
    }
    return { name, ...writer.close() }
  })
}

/** Fisher–Yates with a hash instead of a random generator, so the order is the same on every machine. */
export function shuffledOrder(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index)
  for (let last = length - 1; last > 0; last--) {
    const other = hash(last) % (last + 1)
    const swapped = order[last]!
    order[last] = order[other]!
    order[other] = swapped
  }
  return order
}

/** MurmurHash3's finalizer, applied to a golden-ratio sequence. */
function hash(index: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b9)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

const zeroPad = (value: number) => String(value).padStart(5, '0')
