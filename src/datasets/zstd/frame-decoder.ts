import { ZstdError } from './bit-reader.js'
import { LiteralsDecoder, maxBlockBytes } from './literals.js'
import { SequenceDecoder, type SequenceSink } from './sequences.js'

const shortCopy = 64

/** Decodes the blocks of one frame (RFC 8878, 3.1.1.2), in memory for its window and a few blocks. */
export class FrameDecoder implements SequenceSink {
  private readonly literalsDecoder = new LiteralsDecoder()
  private readonly sequences = new SequenceDecoder()
  /** What matches may refer to, and then the block. */
  private readonly buffer: Buffer
  private at = 0
  private blockStart = 0
  private literals: Uint8Array = new Uint8Array(0)
  private literalsUsed = 0

  constructor(private readonly windowBytes: number) {
    this.buffer = Buffer.alloc(windowBytes + 4 * maxBlockBytes)
  }

  /** Each returns the content of the block, which the next one overwrites. */
  raw(bytes: Uint8Array): Buffer {
    this.beginBlock()
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
    return this.endBlock()
  }

  repeated(byte: number, count: number): Buffer {
    this.beginBlock()
    this.reserve(count)
    this.buffer.fill(byte, this.at, this.at + count)
    this.at += count
    return this.endBlock()
  }

  compressed(bytes: Uint8Array): Buffer {
    this.beginBlock()
    const { literals, end } = this.literalsDecoder.decode(bytes, 0, bytes.length)
    this.literals = literals
    this.literalsUsed = 0
    this.sequences.decode(bytes, end, bytes.length, this)
    this.copyLiterals(literals.length - this.literalsUsed)
    return this.endBlock()
  }

  copyLiterals(count: number): void {
    const { buffer, literals, literalsUsed, at } = this
    if (literalsUsed + count > literals.length) throw new ZstdError('literals end early')
    this.reserve(count)
    // of few bytes, a loop is quicker than a call
    if (count > shortCopy) buffer.set(literals.subarray(literalsUsed, literalsUsed + count), at)
    else for (let byte = 0; byte < count; byte++) buffer[at + byte] = literals[literalsUsed + byte]!
    this.literalsUsed += count
    this.at += count
  }

  copyMatch(offset: number, length: number): void {
    const { buffer, at, windowBytes } = this
    if (offset > at || offset > windowBytes || offset === 0) {
      throw new ZstdError('a match is too far back')
    }
    this.reserve(length)
    const from = at - offset
    if (length > shortCopy && offset >= length) buffer.copyWithin(at, from, from + length)
    else for (let byte = 0; byte < length; byte++) buffer[at + byte] = buffer[from + byte]!
    this.at += length
  }

  /** A block has at most 128 KiB, so a few bytes of input make only so much work. */
  private reserve(count: number): void {
    if (this.at - this.blockStart + count > maxBlockBytes)
      throw new ZstdError('a block is too long')
  }

  private beginBlock(): void {
    if (this.at + maxBlockBytes > this.buffer.length) {
      const kept = Math.min(this.windowBytes, this.at)
      this.buffer.copyWithin(0, this.at - kept, this.at)
      this.at = kept
    }
    this.blockStart = this.at
  }

  private endBlock(): Buffer {
    return this.buffer.subarray(this.blockStart, this.at)
  }
}
