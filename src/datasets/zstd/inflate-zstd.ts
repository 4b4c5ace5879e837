// Zstandard (RFC 8878), by own code: fzstd does not end on some damaged tables, reads past the end of others,
// and checks no checksum. Node's zlib has it from version 22.15 on.

import { closeSync, openSync, writeSync } from 'node:fs'
import { TrainyardError } from '../../errors.js'
import { type FileErrorCode, fileError, formatChecksum } from '../errors.js'
import { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { ZstdError } from './bit-reader.js'
import { FrameDecoder } from './frame-decoder.js'
import { maxBlockBytes } from './literals.js'
import { Xxh64 } from './xxh64.js'

/** RFC 8878, 3.1.1.1.2: what decoders should support, and `zstd` writes up to level 19. */
const maxWindowBytes = 8 * 2 ** 20

const frameMagic = 0xfd2fb528

/** True if the bytes begin with a frame, or one that is to be skipped. */
export const isZstd = (head: Buffer): boolean =>
  head.length >= 4 && (head.readUInt32LE(0) === frameMagic || isSkippable(head.readUInt32LE(0)))

const isSkippable = (magic: number) => magic >>> 4 === 0x184d2a5

interface FrameHeader {
  bytes: number
  windowBytes: number
  /** Null if the frame does not say it. */
  contentBytes: number | null
  hasChecksum: boolean
}

/** Replaces files that are compressed by what they inflate to, at `${path}-${index}`. */
export function inflateZstdFiles(
  files: readonly InputFile[],
  path: string,
  limits: DatasetLimits,
): InputFile[] {
  let inflatedBytes = 0
  return files.map((file, index) => {
    const head = Buffer.from(file.read(0, 4))
    file.close()
    if (!isZstd(head)) return file
    const inflated = `${path}-${index}`
    const uploadBytes = limits.uploadBytes - inflatedBytes
    inflatedBytes += inflateZstd(file, inflated, { ...limits, uploadBytes })
    file.close()
    return new InputFile(file.name, inflated, file.clientPath)
  })
}

/**
 * Inflates a file to `path`. Returns the number of bytes. Throws a file error if it is damaged, cut short, needs a
 * larger window, or inflates above the limits.
 */
export function inflateZstd(file: InputFile, path: string, limits: DatasetLimits): number {
  const output = openSync(path, 'wx')
  try {
    return new ZstdInflater(file, limits, chunk => writeAll(output, chunk)).run()
  } finally {
    closeSync(output)
  }
}

function writeAll(descriptor: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at)
}

/** Inflates bytes in memory. Throws an Error that says why, unless they make exactly `length` bytes. */
export function decodeZstd(bytes: Uint8Array, length: number): Buffer {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const content = Buffer.alloc(length)
  let filled = 0
  const source: ZstdSource = {
    name: 'the Zstandard',
    size: packed.length,
    read: (offset, count) => packed.subarray(offset, offset + count),
  }
  const write = (chunk: Uint8Array) => {
    content.set(chunk, filled)
    filled += chunk.length
  }
  const limits = { uploadBytes: length, inflationRatio: Infinity, inflationFloorBytes: 0 }
  try {
    new ZstdInflater(source, limits, write, Math.max(maxWindowBytes, length)).run()
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error
    throw new Error(error.errors[0]?.message ?? error.message, { cause: error })
  }
  if (filled === length) return content
  throw new Error(`the Zstandard has ${filled} bytes, expected ${length}`)
}

interface ZstdSource {
  name: string
  size: number
  /** May return fewer bytes at the end. */
  read(offset: number, length: number): Buffer
}

type InflationLimits = Pick<DatasetLimits, 'uploadBytes' | 'inflationRatio' | 'inflationFloorBytes'>

class ZstdInflater {
  private offset = 0
  private inflatedBytes = 0

  constructor(
    private readonly file: ZstdSource,
    private readonly limits: InflationLimits,
    private readonly write: (chunk: Uint8Array) => void,
    private readonly maxWindow = maxWindowBytes,
  ) {}

  run(): number {
    while (this.offset < this.file.size) {
      const magic = this.read(4).readUInt32LE(0)
      this.offset += 4
      if (isSkippable(magic)) this.skipFrame()
      else if (magic === frameMagic) this.inflateFrame()
      else throw this.error('DATASET_TRAILING_BYTES', 'there are other bytes after a frame')
    }
    return this.inflatedBytes
  }

  private skipFrame(): void {
    this.offset += 4 + this.read(4).readUInt32LE(0)
    if (this.offset > this.file.size) throw this.cutShort()
  }

  private inflateFrame(): void {
    const header = this.readHeader()
    this.offset += header.bytes
    const decoder = new FrameDecoder(header.windowBytes)
    const checksum = new Xxh64()
    const before = this.inflatedBytes
    let isLast = false
    while (!isLast) {
      const block = this.read(3)
      isLast = (block[0]! & 1) === 1
      const content = this.inflateBlock(decoder, block.readUIntLE(0, 3))
      if (header.hasChecksum) checksum.update(content)
      this.inflatedBytes += content.length
      this.checkLimits()
      this.write(content)
    }
    const { contentBytes, hasChecksum } = header
    const found = this.inflatedBytes - before
    if (contentBytes !== null && contentBytes !== found) {
      const detail = `the frame has ${found} bytes, but says ${contentBytes}`
      throw this.error('DATASET_SIZE_MISMATCH', detail)
    }
    if (hasChecksum) this.compareChecksum(checksum.lower32())
  }

  private inflateBlock(decoder: FrameDecoder, header: number): Buffer {
    const type = (header >> 1) & 3
    const size = header >>> 3
    const length = type === 1 ? 1 : size
    if (size > maxBlockBytes || type === 3) {
      throw this.error('DATASET_CHECKSUM', 'the Zstandard is damaged: a block is too long')
    }
    const bytes = this.read(3 + length).subarray(3)
    try {
      const content =
        type === 0
          ? decoder.raw(bytes)
          : type === 1
            ? decoder.repeated(bytes[0]!, size)
            : decoder.compressed(bytes)
      this.offset += 3 + length
      return content
    } catch (error) {
      if (!(error instanceof ZstdError)) throw error
      throw this.error('DATASET_CHECKSUM', `the Zstandard is damaged: ${error.message}`, error)
    }
  }

  private readHeader(): FrameHeader {
    const [descriptor] = this.read(1) as unknown as [number]
    const isSingleSegment = (descriptor & 0x20) !== 0
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
    const windowBytes = isSingleSegment ? 0 : 1
    const bytes = 1 + windowBytes + dictionaryBytes + sizeBytes
    const header = Buffer.from(this.read(bytes))
    if ((descriptor & 8) !== 0) {
      throw this.error('DATASET_CHECKSUM', 'the Zstandard is damaged: a reserved bit is set')
    }
    const dictionary = header.subarray(1 + windowBytes, 1 + windowBytes + dictionaryBytes)
    if (dictionary.some(byte => byte !== 0)) {
      const detail = 'the Zstandard needs a dictionary: compress it without one'
      throw this.error('DATASET_FORMAT', detail)
    }
    const sizeField = header.subarray(bytes - sizeBytes)
    const contentBytes = readSize(sizeField)
    const window = isSingleSegment ? contentBytes! : windowOf(header[1]!)
    if (window > this.maxWindow) {
      const detail = `the Zstandard has a window of ${window} bytes, expected at most ${this.maxWindow}: compress it without --ultra, --long and --single-segment`
      throw this.error('DATASET_TOO_LARGE', detail)
    }
    return {
      bytes,
      windowBytes: Math.max(window, 1024),
      contentBytes,
      hasChecksum: (descriptor & 4) !== 0,
    }
  }

  private compareChecksum(found: number): void {
    const expected = this.read(4).readUInt32LE(0)
    if (found !== expected) {
      const detail = `the Zstandard is damaged: the checksum of its content is ${formatChecksum(found)}, expected ${formatChecksum(expected)}`
      throw this.error('DATASET_CHECKSUM', detail)
    }
    this.offset += 4
  }

  private checkLimits(): void {
    const { limits, inflatedBytes } = this
    if (inflatedBytes > limits.uploadBytes) {
      const detail = `the inflated file has more than ${limits.uploadBytes} bytes`
      throw this.error('DATASET_TOO_LARGE', detail)
    }
    if (
      inflatedBytes > limits.inflationFloorBytes &&
      inflatedBytes > limits.inflationRatio * this.file.size
    ) {
      const detail = `the Zstandard inflates more than ${limits.inflationRatio} times`
      throw this.error('DATASET_TOO_LARGE', detail)
    }
  }

  /** Bytes at the current offset. Throws if the file ends before. */
  private read(length: number): Buffer {
    const bytes = this.file.read(this.offset, length)
    if (bytes.length < length) throw this.cutShort()
    return bytes
  }

  private cutShort() {
    return this.error(
      'DATASET_TRUNCATED',
      'the Zstandard ends early, so it is cut short: send it again',
    )
  }

  private error(code: FileErrorCode, detail: string, cause?: unknown) {
    return fileError(code, { file: this.file.name, byte: this.offset }, detail, cause)
  }
}

function readSize(field: Buffer): number | null {
  switch (field.length) {
    case 0:
      return null
    case 1:
      return field[0]!
    case 2:
      return field.readUInt16LE(0) + 256
    case 4:
      return field.readUInt32LE(0)
    default:
      return Number(field.readBigUInt64LE(0))
  }
}

function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + (base / 8) * (byte & 7)
}
