import { setImmediate } from 'node:timers/promises'
import { decodeExample } from './tfrecord/example.js'
import { readRecords } from './tfrecord/tfrecord-reader.js'

/** Reads the label of each record of a stored data set, in the order of its shards. */
export async function readShardLabels(
  paths: readonly string[],
  records: number,
): Promise<Uint32Array> {
  const labels = new Uint32Array(records)
  let record = 0
  for (const path of paths) {
    // the shards have numbers, also where the upload had texts
    for (const data of readRecords(path, path)) labels[record++] = Number(decodeExample(data).label)
    // a trainer has to take its worker's messages in between
    await setImmediate()
  }
  if (record !== records) throw new Error(`the shards have ${record} records, expected ${records}`)
  return labels
}
