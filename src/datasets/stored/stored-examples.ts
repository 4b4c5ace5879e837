import { join } from 'node:path'
import { DamagedError } from '../../errors.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { decodeExample, type ImageExample } from '../images/tfrecord/example.js'
import { nextRecordOffset, readRecord } from '../images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../input-file.js'
import type { RecordRange } from './split-ranges.js'
import type { StoredDataset } from './stored-dataset.js'

/** An image, and where it is. */
export interface StoredExample extends Pick<ImageExample, 'image' | 'label'> {
  /** The name of its shard, and the number of its record there. */
  shard: string
  record: number
}

/**
 * The images of a range, in order, from shards that were found intact. Holds one of them: the next one overwrites it. In
 * the shard where the range begins, the records before it are read too.
 */
export function* readExamples(
  { manifest, folder, key }: StoredDataset<ImagesManifest>,
  { first, end }: RecordRange,
): Generator<StoredExample> {
  let start = 0
  for (const { name, records } of manifest.shards) {
    const until = Math.min(end - start, records)
    if (start + records > first && until > 0) {
      const file = new InputFile(name, join(folder, name))
      try {
        for (let record = 0, offset = 0; record < until; record++) {
          const data = readRecord(file, record, offset, file.size)
          offset = nextRecordOffset(offset, data.length)
          if (start + record < first) continue
          const { image, label } = decodeExample(data)
          yield { image, label, shard: name, record }
        }
      } catch (error) {
        if (!(error instanceof Error) || error instanceof DamagedError) throw error
        throw new DamagedError(`${key}/${name}`, `is damaged: ${error.message}`, error)
      } finally {
        file.close()
      }
    }
    start += records
  }
}
