import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ImagesManifest } from '../../../spec/dataset.js'
import type { ReportProgress } from '../../conversion-input.js'
import { decodeExample } from '../../images/tfrecord/example.js'
import { readRecords } from '../../images/tfrecord/tfrecord-reader.js'
import type { SourceDataset } from '../source-dataset.js'

/** What derivations know of each image of a data set, in the order of its shards. */
export interface ImageRecords {
  labels: Int32Array
  /** The first 64 bits of the SHA-256 of the pixels or the file, as stored. */
  hashes: BigUint64Array
}

/** Reads all shards once, since data sets of older versions have no index. */
export function readImageRecords(
  { manifest, folder }: SourceDataset<ImagesManifest>,
  report: ReportProgress,
): ImageRecords {
  const { records: total, shards } = manifest
  const labels = new Int32Array(total)
  const hashes = new BigUint64Array(total)
  let record = 0
  for (const { name } of shards) {
    for (const data of readRecords(name, join(folder, name))) {
      const { label, image } = decodeExample(data)
      labels[record] = Number(label)
      hashes[record] = createHash('sha256').update(image).digest().readBigUInt64BE(0)
      record++
      if (record % 1000 === 0) report({ phase: 'reading', unit: 'images', done: record, total })
    }
  }
  if (record !== total) throw new Error(`the shards have ${record} records, expected ${total}`)
  return { labels, hashes }
}
