// Reads LevelDB tables (SSTables) in TensorFlow's variant (tensorflow/core/lib/io/format.cc): blocks of
// entries with shared key prefixes, each followed by its compression type and a masked CRC-32C, then an
// index of the blocks and a footer of 48 bytes. The input is untrusted: every size is checked before use.
import type { FileHandle } from 'node:fs/promises'
import { crc32c } from '@node-rs/crc32'
import { damagedError } from './errors.js'

export interface BlockHandle {
  offset: number
  size: number
}

/** A block of entries, as the index lists it. */
export interface DataBlock extends BlockHandle {
  /** Not before the last key of the block, and before the first key of the next one. */
  separator: Buffer
}

export interface TableEntry {
  key: Buffer
  value: Buffer
}

export interface TableFile {
  /** The name for error messages. */
  name: string
  handle: FileHandle
  size: number
}

const footerBytes = 48
const trailerBytes = 5
const magic = Buffer.from('57fb808b247547db', 'hex')
const maxBlockBytes = 64 * 2 ** 20
const maxEntries = 200_000
const maxKeyBytes = 1024

export async function isTable({ handle, size }: TableFile): Promise<boolean> {
  if (size < footerBytes) return false
  return (await readExactly(handle, size - magic.length, magic.length)).equals(magic)
}

/** Returns the data blocks in file order. Throws WEIGHTS_DAMAGED if the indexes are damaged. */
export async function readDataBlocks(file: TableFile): Promise<DataBlock[]> {
  const footer = await readExactly(file.handle, file.size - footerBytes, footerBytes)
  const reader = new VarintReader(file, footer)
  await verifyBlock(file, reader.blockHandle()) // the metaindex, which TensorFlow leaves empty
  const index = await readBlock(file, reader.blockHandle())
  return index.map(({ key, value }) => ({
    ...new VarintReader(file, value).blockHandle(),
    separator: key,
  }))
}

/**
 * Reads the entries of all blocks, one block at a time. Throws WEIGHTS_DAMAGED if they are not in order:
 * TensorFlow looks a key up by a binary search, and would not find it.
 */
export async function* readEntries(
  file: TableFile,
  blocks: readonly DataBlock[],
): AsyncGenerator<TableEntry> {
  let after: Buffer | null = null
  for (const block of blocks) {
    for (const entry of await readBlock(file, block)) {
      const inOrder =
        (after === null || Buffer.compare(after, entry.key) < 0) &&
        Buffer.compare(entry.key, block.separator) <= 0
      if (!inOrder) throw damagedError(file.name, 'its keys are not in the order of its index')
      yield entry
    }
    after = block.separator
  }
}

/** Reads a block into memory. Use it only for blocks that hold names and shapes. */
export async function readBlock(file: TableFile, block: BlockHandle): Promise<TableEntry[]> {
  if (block.size > maxBlockBytes) {
    throw damagedError(
      file.name,
      `a block of names has ${block.size} bytes, expected at most ${maxBlockBytes}`,
    )
  }
  await verifyBlock(file, block)
  return [...parseEntries(file, await readExactly(file.handle, block.offset, block.size))]
}

/** Compares a block with its checksum, without holding the block in memory. */
export async function verifyBlock(file: TableFile, { offset, size }: BlockHandle): Promise<void> {
  if (offset + size + trailerBytes > file.size) {
    throw damagedError(file.name, `a block at byte ${offset} reaches beyond the end of the file`)
  }
  const trailer = await readExactly(file.handle, offset + size, trailerBytes)
  if (trailer[0] !== 0) {
    const hint = 'save it again with a current TensorFlow'
    throw damagedError(
      file.name,
      `the block at byte ${offset} is compressed (${trailer[0]}); ${hint}`,
    )
  }
  const found = await checksumRange(file.handle, offset, size + 1)
  if (found !== unmaskCrc(trailer.readUInt32LE(1))) {
    throw damagedError(file.name, `the block at byte ${offset} does not match its checksum`)
  }
}

/** The CRC-32C of a range of a file. */
export async function checksumRange(
  handle: FileHandle,
  offset: number,
  bytes: number,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(bytes, 1 << 20))
  let crc = 0
  for (let done = 0; done < bytes; ) {
    const length = Math.min(buffer.length, bytes - done)
    const { bytesRead } = await handle.read(buffer, 0, length, offset + done)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    crc = crc32c(buffer.subarray(0, bytesRead), crc)
    done += bytesRead
  }
  return crc
}

/**
 * TensorFlow stores each CRC rotated and shifted by a constant, because the CRC of data that contain CRCs
 * is weak (tensorflow/core/lib/hash/crc32c.h).
 */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

async function readExactly(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  const { bytesRead } = await handle.read(buffer, 0, bytes, offset)
  return buffer.subarray(0, bytesRead)
}

function* parseEntries(file: TableFile, block: Buffer): Generator<TableEntry> {
  const restarts = block.length < 4 ? 0 : block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) throw damagedError(file.name, 'a block is shorter than its list of restarts')
  // a search begins at a restart, whose entry has its whole key
  const expectedRestarts = Array.from({ length: restarts }, (_, i) =>
    block.readUInt32LE(end + 4 * i),
  )
  let nextRestart = 0
  const reader = new VarintReader(file, block.subarray(0, end))
  let key = Buffer.alloc(0)
  for (let count = 0; reader.offset < end; count++) {
    const isRestart = reader.offset === expectedRestarts[nextRestart]
    if (isRestart) nextRestart++
    const sharedBytes = reader.varint()
    const unsharedBytes = reader.varint()
    const valueBytes = reader.varint()
    if (
      sharedBytes > key.length ||
      (isRestart && sharedBytes > 0) ||
      sharedBytes + unsharedBytes > maxKeyBytes ||
      count === maxEntries
    ) {
      throw damagedError(file.name, `entry ${count} of a block has an impossible key`)
    }
    const nextKey = Buffer.concat([key.subarray(0, sharedBytes), reader.take(unsharedBytes)])
    if (count > 0 && Buffer.compare(key, nextKey) >= 0) {
      throw damagedError(file.name, `entry ${count} of a block is out of order`)
    }
    key = nextKey
    yield { key, value: reader.take(valueBytes) }
  }
  if (nextRestart < restarts && end > 0)
    throw damagedError(file.name, 'the list of restarts of a block is wrong')
}

class VarintReader {
  offset = 0

  constructor(
    private readonly file: TableFile,
    private readonly bytes: Buffer,
  ) {}

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 42; scale *= 128) {
      const byte = this.bytes[this.offset++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw damagedError(this.file.name, 'it contains a varint that does not end')
  }

  blockHandle(): BlockHandle {
    return { offset: this.varint(), size: this.varint() }
  }

  take(count: number): Buffer {
    const taken = this.bytes.subarray(this.offset, this.offset + count)
    if (taken.length < count)
      throw damagedError(this.file.name, 'an entry reaches beyond its block')
    this.offset += count
    return taken
  }
}
