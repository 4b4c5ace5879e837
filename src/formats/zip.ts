// Writes ZIP archives (APPNOTE.TXT 6.3.10) as a stream of bytes whose sizes come before their content, so that
// readers need not seek. Files are stored as they are: images do not shrink.
import { crc32 } from '@node-rs/crc32'

export interface ZipFile {
  /** A path with `/`, in any language. */
  name: string
  content: Uint8Array
}

const localHeaderBytes = 30
const centralHeaderBytes = 46
const max16 = 0xffff
const max32 = 0xffffffff
/** Names are UTF-8. */
const flags = 1 << 11
/** 1980-01-01, so that equal content has equal bytes. */
const dosDate = (1 << 5) | 1
/** Permissions of a Unix file: rw-r--r--. */
const fileAttributes = (0o100644 << 16) >>> 0
const madeByUnix = 3 << 8
/** Central headers are collected in blocks, since each Buffer of its own would take another hundred bytes. */
const blockBytes = 1 << 16

/** Yields the archive. Holds one file and the central headers, about 50 bytes and the name for each file. */
export async function* zip(
  files: Iterable<ZipFile> | AsyncIterable<ZipFile>,
): AsyncGenerator<Buffer> {
  const directory = new Directory()
  let offset = 0
  for await (const { name, content } of files) {
    const encodedName = Buffer.from(name)
    const entry = { name: encodedName, crc: crc32(content), size: content.length, offset }
    const header = localHeader(entry)
    directory.add(centralHeader(entry))
    yield header
    yield Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    offset += header.length + content.length
  }
  yield* directory.blocks()
  yield endOfDirectory(directory, offset)
}

interface Entry {
  name: Buffer
  crc: number
  size: number
  offset: number
}

function localHeader({ name, crc, size }: Entry): Buffer {
  const header = Buffer.alloc(localHeaderBytes + name.length)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(dosDate, 12)
  header.writeUInt32LE(crc, 14)
  header.writeUInt32LE(size, 18)
  header.writeUInt32LE(size, 22)
  header.writeUInt16LE(name.length, 26)
  header.set(name, localHeaderBytes)
  return header
}

function centralHeader({ name, crc, size, offset }: Entry): Buffer {
  // ZIP64: an offset that needs more than 32 bits is in an extra field
  const isFar = offset >= max32
  const extraBytes = isFar ? 12 : 0
  const header = Buffer.alloc(centralHeaderBytes + name.length + extraBytes)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(madeByUnix | (isFar ? 45 : 20), 4)
  header.writeUInt16LE(isFar ? 45 : 20, 6)
  header.writeUInt16LE(flags, 8)
  header.writeUInt16LE(dosDate, 14)
  header.writeUInt32LE(crc, 16)
  header.writeUInt32LE(size, 20)
  header.writeUInt32LE(size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extraBytes, 30)
  header.writeUInt32LE(fileAttributes, 38)
  header.writeUInt32LE(isFar ? max32 : offset, 42)
  header.set(name, centralHeaderBytes)
  if (isFar) {
    const extra = centralHeaderBytes + name.length
    header.writeUInt16LE(1, extra)
    header.writeUInt16LE(8, extra + 2)
    header.writeBigUInt64LE(BigInt(offset), extra + 4)
  }
  return header
}

class Directory {
  count = 0
  bytes = 0
  private readonly full: Buffer[] = []
  private block = Buffer.alloc(blockBytes)
  private filled = 0

  add(header: Buffer): void {
    if (this.filled + header.length > this.block.length) {
      this.full.push(this.block.subarray(0, this.filled))
      this.block = Buffer.alloc(Math.max(blockBytes, header.length))
      this.filled = 0
    }
    this.block.set(header, this.filled)
    this.filled += header.length
    this.bytes += header.length
    this.count++
  }

  *blocks(): Generator<Buffer> {
    yield* this.full
    yield this.block.subarray(0, this.filled)
  }
}

function endOfDirectory({ count, bytes }: Directory, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, max16), 8)
  end.writeUInt16LE(Math.min(count, max16), 10)
  end.writeUInt32LE(Math.min(bytes, max32), 12)
  end.writeUInt32LE(Math.min(offset, max32), 16)
  if (count < max16 && bytes < max32 && offset < max32) return end
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeUInt16LE(madeByUnix | 45, 12)
  end64.writeUInt16LE(45, 14)
  end64.writeBigUInt64LE(BigInt(count), 24)
  end64.writeBigUInt64LE(BigInt(count), 32)
  end64.writeBigUInt64LE(BigInt(bytes), 40)
  end64.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([end64, locator, end])
}
