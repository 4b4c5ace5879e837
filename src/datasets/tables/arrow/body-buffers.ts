import { fileError } from '../../errors.js'
import type { ByteSource } from '../csv.js'
import { decompress } from '../decompress.js'
import type { ArrowBlock } from './arrow-file.js'
import { inflateLz4 } from './lz4-frame.js'
import type { ReadBudget } from './read-budget.js'

/** Inflated buffers of one batch that are held at once. */
const maxHeldBytes = 256 * 2 ** 20
/** In front of a compressed buffer: how long it is inflated, or -1 if it is not compressed. */
const prefixBytes = 8

/** The buffers of one batch. Compressed ones are inflated when they are first read, and held until the next batch. */
export class BodyBuffers {
  private readonly inflated = new Map<number, Uint8Array>()
  private heldBytes = 0

  constructor(
    private readonly file: ByteSource,
    private readonly block: ArrowBlock,
    private readonly budget: ReadBudget,
  ) {}

  /** Bytes of a buffer once it is inflated; 0 if the batch has no such buffer. */
  length(index: number): number {
    const range = this.block.batch.buffers[index]
    if (!range || range.length === 0) return 0
    return this.isStored ? range.length : this.inflate(index).length
  }

  /** Copies bytes, at an address at which any number may begin. Throws RangeError if the buffer ends before them. */
  copy(index: number, start: number, end: number): Uint8Array<ArrayBuffer> {
    const range = this.block.batch.buffers[index]
    const length = range && range.length > 0 && this.isStored ? range.length : this.length(index)
    if (start > end || end > length) throw new RangeError('its values end early')
    if (start === end) return new Uint8Array(0)
    if (!this.isStored) return new Uint8Array(this.inflate(index).subarray(start, end))
    return new Uint8Array(this.file.read(this.block.body + range!.offset + start, end - start))
  }

  private get isStored(): boolean {
    return this.block.batch.compression === 'none'
  }

  private inflate(index: number): Uint8Array {
    const known = this.inflated.get(index)
    if (known) return known
    const { file, block } = this
    const { offset, length } = block.batch.buffers[index]!
    if (length < prefixBytes) throw new RangeError('a compressed buffer has no length')
    const bytes = new Uint8Array(file.read(block.body + offset, length))
    const size = Number(new DataView(bytes.buffer).getBigInt64(0, true))
    const compressed = bytes.subarray(prefixBytes)
    const isStored = size === -1
    this.heldBytes += isStored ? compressed.length : size
    if (size < -1) throw new RangeError(`a buffer is said to inflate to ${size} bytes`)
    if (this.heldBytes > maxHeldBytes) {
      const place = { file: file.name, byte: block.body + offset }
      const detail = `the compressed buffers of one batch inflate to more than ${maxHeldBytes} bytes: write smaller batches, such as chunksize=65536 of pyarrow, or compression="uncompressed"`
      throw fileError('DATASET_TOO_LARGE', place, detail)
    }
    if (!isStored) this.budget.take(size, file.name)
    const found = isStored
      ? compressed
      : block.batch.compression === 'lz4'
        ? inflateLz4(compressed, size)
        : decompress('ZSTD', compressed, size)
    this.inflated.set(index, found)
    return found
  }
}
