import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ImagesManifest } from '../../../spec/dataset.js'
import type { ReportProgress } from '../../conversion-input.js'
import { openImageIndex } from '../../images/image-index.js'
import { decodeExample } from '../../images/tfrecord/example.js'
import { readRecords } from '../../images/tfrecord/tfrecord-reader.js'
import { TextList } from '../../text-list.js'
import type { SourceDataset } from '../source-dataset.js'

/** What derivations know of each image of a data set, in the order of its shards. */
export interface ImageRecords {
  labels: Int32Array
  /** The first 64 bits of the SHA-256 of the pixels; without an index, of the image as stored. */
  hashes: BigUint64Array
  /** As uploaded; null without an index. */
  sizes: { heights: Int32Array; widths: Int32Array } | null
  /** The paths in the upload, if they were asked for; null without an index. */
  sources: TextList | null
  /** What the upload says of them beside their labels, if it was asked for; null if that is nothing. */
  fields: TextList | null
}

/** Reads the index, or all shards if the data set is of a version that had none. */
export async function readImageRecords(
  source: SourceDataset<ImagesManifest>,
  report: ReportProgress,
  { withSources = false, withFields = false } = {},
): Promise<ImageRecords> {
  const { manifest, folder } = source
  if (!manifest.index) return scanShards(source, report)
  const { records: total } = manifest
  const labels = new Int32Array(total)
  const hashes = new BigUint64Array(total)
  const sizes = { heights: new Int32Array(total), widths: new Int32Array(total) }
  const sources = withSources ? new TextList(total) : null
  const index = await openImageIndex(join(folder, manifest.index.name))
  const fields = withFields && index.hasFields ? new TextList(total) : null
  try {
    let record = 0
    for await (const row of index.rows()) {
      const { label, sha256, height, width, source } = row
      labels[record] = label
      hashes[record] = BigInt(`0x${sha256}`)
      sizes.heights[record] = height
      sizes.widths[record] = width
      sources?.add(source)
      fields?.add(row.fields)
      record++
      if (record % 1000 === 0) report({ phase: 'reading', unit: 'images', done: record, total })
    }
    checkCount(record, manifest)
  } finally {
    await index.close()
  }
  return { labels, hashes, sizes, sources, fields }
}

function scanShards(
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
  checkCount(record, manifest)
  return { labels, hashes, sizes: null, sources: null, fields: null }
}

function checkCount(found: number, { id, records }: ImagesManifest): void {
  if (found !== records) throw new Error(`${id} has ${found} records, expected ${records}`)
}
