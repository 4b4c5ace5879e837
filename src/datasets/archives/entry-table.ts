const fields = 6

/** A regular file in an archive. */
export interface EntryFields {
  path: string
  /** The bytes of the archive where its header and its data begin. */
  start: number
  offset: number
  /** Bytes in the archive, and after inflation. */
  packedBytes: number
  bytes: number
  isDeflated: boolean
  /** CRC-32 of the content; null if the archive has none. */
  checksum: number | null
}

/**
 * The regular files of an archive. A million of them take about 100 MB, all outside the heap, which is small
 * in the process that converts.
 */
export class EntryTable {
  count = 0
  private numbers = new Float64Array(64 * fields)
  private names = Buffer.alloc(4096)
  private nameBytes = 0

  add({ path, start, offset, packedBytes, bytes, isDeflated, checksum }: EntryFields): void {
    const length = Buffer.byteLength(path)
    this.reserve(length)
    this.names.write(path, this.nameBytes)
    this.nameBytes += length
    const code = checksum === null ? -1 : checksum * 2 + (isDeflated ? 1 : 0)
    const numbers = [this.nameBytes, start, offset, packedBytes, bytes, code]
    this.numbers.set(numbers, this.count * fields)
    this.count++
  }

  get(entry: number): EntryFields {
    const at = (field: number) => this.numbers[entry * fields + field]!
    const [start, offset, packedBytes, bytes, code] = [at(1), at(2), at(3), at(4), at(5)]
    return {
      path: this.path(entry),
      start,
      offset,
      packedBytes,
      bytes,
      isDeflated: code > 0 && code % 2 === 1,
      checksum: code < 0 ? null : Math.floor(code / 2),
    }
  }

  path(entry: number): string {
    return this.names.toString('utf8', this.nameStart(entry), this.nameEnd(entry))
  }

  /** The bytes of the path, which is quicker to compare. */
  pathBytes(entry: number): Buffer {
    return this.names.subarray(this.nameStart(entry), this.nameEnd(entry))
  }

  bytes(entry: number): number {
    return this.numbers[entry * fields + 4]!
  }

  start(entry: number): number {
    return this.numbers[entry * fields + 1]!
  }

  private nameStart(entry: number): number {
    return entry === 0 ? 0 : this.nameEnd(entry - 1)
  }

  private nameEnd(entry: number): number {
    return this.numbers[entry * fields]!
  }

  private reserve(nameBytes: number): void {
    if ((this.count + 1) * fields > this.numbers.length) {
      const numbers = new Float64Array(this.numbers.length * 2)
      numbers.set(this.numbers)
      this.numbers = numbers
    }
    if (this.nameBytes + nameBytes <= this.names.length) return
    const names = Buffer.alloc(Math.max(this.names.length * 2, this.nameBytes + nameBytes))
    this.names.copy(names)
    this.names = names
  }
}
