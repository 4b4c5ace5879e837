// Reads FlatBuffers, in which Arrow writes its metadata: https://flatbuffers.dev/internals. The library of that name
// believes every offset and length; here, each must lie within the bytes.

/** A table, whose fields are numbered in the order of its schema. */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly at: number,
  ) {}

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, view.getUint32(0, true))
  }

  int8(field: number, absent = 0): number {
    const at = this.field(field)
    return at === 0 ? absent : this.view.getInt8(at)
  }

  int16(field: number, absent = 0): number {
    const at = this.field(field)
    return at === 0 ? absent : this.view.getInt16(at, true)
  }

  int32(field: number, absent = 0): number {
    const at = this.field(field)
    return at === 0 ? absent : this.view.getInt32(at, true)
  }

  /** Throws if the number is below 0 or beyond 2^53, which no size can be. */
  size(field: number): number {
    const at = this.field(field)
    return at === 0 ? 0 : sizeAt(this.view, at)
  }

  table(field: number): FlatTable | null {
    const at = this.field(field)
    return at === 0 ? null : new FlatTable(this.view, this.follow(at))
  }

  text(field: number): string | null {
    const at = this.field(field)
    if (at === 0) return null
    const start = this.follow(at)
    const length = this.view.getUint32(start, true)
    const { buffer, byteOffset, byteLength } = this.view
    if (length > byteLength - start - 4) throw new RangeError('a text is longer than the metadata')
    return Buffer.from(buffer, byteOffset + start + 4, length).toString()
  }

  tables(field: number): FlatTable[] {
    return this.elements(field, 4, at => new FlatTable(this.view, this.follow(at)))
  }

  /** The elements of a vector, each of `bytes` bytes. */
  structs<Result>(
    field: number,
    bytes: number,
    read: (view: DataView, at: number) => Result,
  ): Result[] {
    return this.elements(field, bytes, at => read(this.view, at))
  }

  private elements<Result>(field: number, bytes: number, read: (at: number) => Result): Result[] {
    const at = this.field(field)
    if (at === 0) return []
    const start = this.follow(at)
    const length = this.view.getUint32(start, true)
    if (length > (this.view.byteLength - start - 4) / bytes)
      throw new RangeError('a list is longer than the metadata')
    return Array.from({ length }, (_, index) => read(start + 4 + index * bytes))
  }

  /** Where a field lies; 0 if the table does not have it. */
  private field(index: number): number {
    const { view, at } = this
    const fields = at - view.getInt32(at, true)
    const entry = 4 + 2 * index
    if (entry >= view.getUint16(fields, true)) return 0
    const offset = view.getUint16(fields + entry, true)
    return offset === 0 ? 0 : at + offset
  }

  private follow(at: number): number {
    return at + this.view.getUint32(at, true)
  }
}

/** A 64-bit number that is a size. */
export function sizeAt(view: DataView, at: number): number {
  const size = Number(view.getBigInt64(at, true))
  if (size < 0 || !Number.isSafeInteger(size)) throw new RangeError(`${size} is no size`)
  return size
}
