import { type FileLocation, fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import { nextRecordOffset, readRecordLength } from './tfrecord-reader.js'

/** The offset of every record, in 8 bytes each, outside the heap that --max-old-space-size limits. */
export class RecordIndex {
  private offsets = new Float64Array(1024)
  /** The first record of each file. */
  private readonly firstRecords: number[] = []
  private count = 0

  /** Walks from header to header, and throws if a file is truncated or a length is wrong. */
  constructor(
    private readonly files: InputFile[],
    private readonly limits: DatasetLimits,
  ) {
    for (const file of files) {
      this.firstRecords.push(this.count)
      this.indexFile(file, this.count)
    }
  }

  get records(): number {
    return this.count
  }

  locate(record: number): {
    file: InputFile
    location: Required<Pick<FileLocation, 'file' | 'record' | 'byte'>>
  } {
    const fileIndex = this.fileIndexOf(record)
    const file = this.files[fileIndex]!
    const location = {
      file: file.name,
      record: record - this.firstRecords[fileIndex]!,
      byte: this.offsets[record]!,
    }
    return { file, location }
  }

  private indexFile(file: InputFile, first: number): void {
    const { records, recordBytes } = this.limits
    for (let offset = 0; offset < file.size; ) {
      const record = this.count - first
      if (this.count === records) {
        const detail = `the set has more than ${records} records`
        throw fileError('DATASET_TOO_LARGE', { file: file.name, record, byte: offset }, detail)
      }
      if (this.count === this.offsets.length) {
        const grown = new Float64Array(2 * this.count)
        grown.set(this.offsets)
        this.offsets = grown
      }
      this.offsets[this.count++] = offset
      offset = nextRecordOffset(offset, readRecordLength(file, record, offset, recordBytes))
    }
  }

  /** Returns the last file that begins at or before the record. */
  private fileIndexOf(record: number): number {
    let low = 0
    let high = this.firstRecords.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.firstRecords[middle]! <= record) low = middle
      else high = middle
    }
    return low
  }
}
