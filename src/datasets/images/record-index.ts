import { fileError, type Place } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { Limits } from '../limits.js'
import { readLength, recordEnd } from './tfrecord-reader.js'

/** Where each record of a set is: eight bytes a record, outside the process's bounded heap. */
export class RecordIndex {
  private offsets = new Float64Array(1024)
  /** By file: its first record. */
  private readonly firsts: number[] = []
  private count = 0

  /** Walks from header to header, which finds cuts and lengths that lie. */
  constructor(
    private readonly files: InputFile[],
    private readonly limits: Limits,
  ) {
    for (const file of files) {
      this.firsts.push(this.count)
      this.add(file, this.count)
    }
  }

  get records(): number {
    return this.count
  }

  find(record: number): {
    file: InputFile
    place: Required<Pick<Place, 'file' | 'record' | 'byte'>>
  } {
    const owner = this.ownerOf(record)
    const file = this.files[owner]!
    const place = {
      file: file.name,
      record: record - this.firsts[owner]!,
      byte: this.offsets[record]!,
    }
    return { file, place }
  }

  private add(file: InputFile, first: number): void {
    const { records, recordBytes } = this.limits
    for (let offset = 0; offset < file.bytes; ) {
      const record = this.count - first
      if (this.count === records) {
        const trouble = `the set has more than ${records} records`
        throw fileError('DATASET_TOO_LARGE', { file: file.name, record, byte: offset }, trouble)
      }
      if (this.count === this.offsets.length) {
        const longer = new Float64Array(2 * this.count)
        longer.set(this.offsets)
        this.offsets = longer
      }
      this.offsets[this.count++] = offset
      offset = recordEnd(offset, readLength(file, record, offset, recordBytes))
    }
  }

  /** The last file that begins at or before the record. */
  private ownerOf(record: number): number {
    let low = 0
    let high = this.firsts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.firsts[middle]! <= record) low = middle
      else high = middle
    }
    return low
  }
}
