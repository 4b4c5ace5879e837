import { type FileLocation, fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import { type EncodedHeader, readEncodedHeader } from '../encoded/encoded-image.js'
import { ImageError } from '../image-error.js'
import type { FeatureNames } from '../image-form.js'
import { decodeExample, type ImageExample, parseFeatures } from './example.js'
import { resolveFeatureNames } from './feature-names.js'
import { RecordIndex } from './record-index.js'
import { readRecord } from './tfrecord-reader.js'

/** Reads the examples of TFRecord files by their number. Errors name the record. */
export class RecordReader {
  readonly records: number
  /** The features that are read: the form's, or those that the names in the first record tell. */
  readonly names: FeatureNames
  private readonly index: RecordIndex

  constructor(
    files: InputFile[],
    private readonly limits: DatasetLimits,
    givenNames: Partial<FeatureNames>,
  ) {
    this.index = new RecordIndex(files, limits)
    this.records = this.index.records
    this.names = this.at(0, 'DATASET_FORMAT', () =>
      resolveFeatureNames(parseFeatures(this.bytes(0)), givenNames),
    )
  }

  /** The next read overwrites the image. */
  read(record: number): ImageExample {
    const data = this.bytes(record)
    return this.at(record, 'DATASET_FORMAT', () => decodeExample(data, this.names))
  }

  header(record: number, image: Uint8Array): EncodedHeader {
    return this.at(record, 'DATASET_IMAGE', () => readEncodedHeader(image))
  }

  location(record: number): FileLocation {
    return this.index.locate(record).location
  }

  /** Adds the position of the record to an ImageError. */
  at<T>(record: number, code: 'DATASET_FORMAT' | 'DATASET_IMAGE', work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      throw fileError(code, this.location(record), error.message, error)
    }
  }

  private bytes(record: number): Buffer {
    const { file, location } = this.index.locate(record)
    return readRecord(file, location.record, location.byte, this.limits.recordBytes)
  }
}
