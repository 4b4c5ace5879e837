// LevelDB's table as TensorFlow has it (tensorflow/core/lib/io/format.cc): blocks of entries with
// shared key prefixes, each block followed by its compression and a masked CRC-32C; at the end an
// index of the blocks and a footer of 48 bytes. All that is read here may come from a stranger.
import type { FileHandle } from 'node:fs/promises'
import { crc32c } from '@node-rs/crc32'
import { damaged } from './errors.js'

export interface Block {
  offset: number
  bytes: number
}

export interface Entry {
  key: Buffer
  value: Buffer
}

export interface TableFile {
  /** For messages. */
  name: string
  handle: FileHandle
  bytes: number
}

const footerBytes = 48
const trailerBytes = 5
const magic = Buffer.from('57fb808b247547db', 'hex')
const mostBytes = 64 * 2 ** 20
const mostEntries = 200_000
const longestKey = 1024

export async function isTable({ handle, bytes }: TableFile): Promise<boolean> {
  if (bytes < footerBytes) return false
  return (await readExactly(handle, bytes - magic.length, magic.length)).equals(magic)
}

/** The blocks of entries, in order. */
export async function tableBlocks(file: TableFile): Promise<Block[]> {
  const footer = await readExactly(file.handle, file.bytes - footerBytes, footerBytes)
  const reader = new VarintReader(file, footer)
  await checkBlock(file, reader.handle()) // the meta index, which TensorFlow leaves empty
  const index = await readBlock(file, reader.handle())
  return index.map(({ value }) => new VarintReader(file, value).handle())
}

/** A whole block in memory: for those that hold names and shapes. */
export async function readBlock(file: TableFile, block: Block): Promise<Entry[]> {
  if (block.bytes > mostBytes) {
    throw damaged(
      file.name,
      `a block of names has ${block.bytes} bytes, expected at most ${mostBytes}`,
    )
  }
  await checkBlock(file, block)
  return [...entries(file, await readExactly(file.handle, block.offset, block.bytes))]
}

/** Reads a block, however large, for its checksum. */
export async function checkBlock(file: TableFile, { offset, bytes }: Block): Promise<void> {
  if (offset + bytes + trailerBytes > file.bytes) {
    throw damaged(file.name, `a block at byte ${offset} reaches beyond the end of the file`)
  }
  const trailer = await readExactly(file.handle, offset + bytes, trailerBytes)
  if (trailer[0] !== 0) {
    const cure = 'save it again with a current TensorFlow'
    throw damaged(file.name, `the block at byte ${offset} is compressed (${trailer[0]}); ${cure}`)
  }
  const found = await checksum(file.handle, offset, bytes + 1)
  if (found !== unmask(trailer.readUInt32LE(1))) {
    throw damaged(file.name, `the block at byte ${offset} does not match its checksum`)
  }
}

/** CRC-32C of a stretch of a file. */
export async function checksum(handle: FileHandle, offset: number, bytes: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(bytes, 1 << 20))
  let crc = 0
  for (let at = 0; at < bytes; ) {
    const length = Math.min(buffer.length, bytes - at)
    const { bytesRead } = await handle.read(buffer, 0, length, offset + at)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    crc = crc32c(buffer.subarray(0, bytesRead), crc)
    at += bytesRead
  }
  return crc
}

/** TensorFlow stores a checksum rotated, so that one of data that hold checksums is no trivial number. */
export function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

async function readExactly(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  const { bytesRead } = await handle.read(buffer, 0, bytes, offset)
  return buffer.subarray(0, bytesRead)
}

function* entries(file: TableFile, block: Buffer): Generator<Entry> {
  const restarts = block.length < 4 ? 0 : block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) throw damaged(file.name, 'a block is shorter than its own index')
  const reader = new VarintReader(file, block.subarray(0, end))
  let key = Buffer.alloc(0)
  for (let count = 0; reader.at < end; count++) {
    const shared = reader.varint()
    const rest = reader.varint()
    const valueBytes = reader.varint()
    if (shared > key.length || shared + rest > longestKey || count === mostEntries) {
      throw damaged(file.name, `entry ${count} of a block has an impossible key`)
    }
    const grown = Buffer.concat([key.subarray(0, shared), reader.take(rest)])
    if (count > 0 && Buffer.compare(key, grown) >= 0) {
      throw damaged(file.name, `entry ${count} of a block is out of order`)
    }
    key = grown
    yield { key, value: reader.take(valueBytes) }
  }
}

class VarintReader {
  at = 0

  constructor(
    private readonly file: TableFile,
    private readonly bytes: Buffer,
  ) {}

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 42; scale *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw damaged(this.file.name, 'a number in it does not end')
  }

  handle(): Block {
    return { offset: this.varint(), bytes: this.varint() }
  }

  take(count: number): Buffer {
    const taken = this.bytes.subarray(this.at, this.at + count)
    if (taken.length < count) throw damaged(this.file.name, 'an entry reaches beyond its block')
    this.at += count
    return taken
  }
}
