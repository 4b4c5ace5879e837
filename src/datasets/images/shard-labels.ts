import { setImmediate } from 'node:timers/promises'
import { InputFile } from '../input-file.js'
import { decodeExample } from './example.js'
import { nextRecordOffset, readRecord } from './tfrecord-reader.js'

/** Reads the label of each record of a stored data set, in the order of its shards. */
export async function readShardLabels(
  paths: readonly string[],
  records: number,
): Promise<Uint32Array> {
  const labels = new Uint32Array(records)
  let record = 0
  for (const path of paths) {
    const file = new InputFile(path, path)
    try {
      for (let offset = 0; offset < file.size; record++) {
        const data = readRecord(file, record, offset, file.size)
        // the shards have numbers, also where the upload had texts
        labels[record] = Number(decodeExample(data).label)
        offset = nextRecordOffset(offset, data.length)
      }
    } finally {
      file.close()
    }
    // a trainer has to take its worker's messages in between
    await setImmediate()
  }
  if (record !== records) throw new Error(`the shards have ${record} records, expected ${records}`)
  return labels
}
