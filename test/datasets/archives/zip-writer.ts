import { deflateRawSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'

/** An entry, and what its headers say instead of the truth. */
export interface ZipEntry {
  name: string | Buffer
  content?: Uint8Array | string
  /** 0 stored, 8 deflated. */
  method?: number
  /** The data as they stand in the zip, already compressed. */
  packed?: Uint8Array
  /** Of the directory; bit 11 says that the name is UTF-8. */
  flags?: number
  checksum?: number
  packedBytes?: number
  bytes?: number
  /** The mode of Unix, such as 0o120777 of a symbolic link. */
  mode?: number
  /** What the local header says, if it differs. */
  local?: { name?: string; bytes?: number; checksum?: number; method?: number; flags?: number }
  /** Where the directory says that the local header is. */
  offset?: number
}

export interface ZipEnd {
  entries?: number
  directoryOffset?: number
  comment?: string
}

/** Writes a zip archive, also one that lies. */
export function zipFile(entries: readonly ZipEntry[], end: ZipEnd = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const fields = fieldsOf(entry)
    const local = { ...fields, ...entry.local }
    const localName = entry.local?.name === undefined ? fields.name : Buffer.from(entry.local.name)
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    writeCommon(header, 4, local, localName)
    const written = Buffer.concat([header, localName, fields.packed])
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE((3 << 8) | 20, 4)
    writeCommon(central, 6, fields, fields.name)
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38)
    central.writeUInt32LE(entry.offset ?? offset, 42)
    directory.push(central, fields.name)
    parts.push(written)
    offset += written.length
  }
  const comment = Buffer.from(end.comment ?? '')
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  const count = end.entries ?? entries.length
  record.writeUInt16LE(count & 0xffff, 8)
  record.writeUInt16LE(count & 0xffff, 10)
  record.writeUInt32LE(Buffer.concat(directory).length, 12)
  record.writeUInt32LE(end.directoryOffset ?? offset, 16)
  record.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, ...directory, record, comment])
}

function fieldsOf(entry: ZipEntry) {
  const content = Buffer.from(entry.content ?? '')
  const method = entry.method ?? 8
  const packed = Buffer.from(entry.packed ?? (method === 8 ? deflateRawSync(content) : content))
  return {
    name: Buffer.from(entry.name),
    packed,
    method,
    flags: entry.flags ?? 0x800,
    checksum: entry.checksum ?? crc32(content),
    packedBytes: entry.packedBytes ?? packed.length,
    bytes: entry.bytes ?? content.length,
  }
}

/** Version, flags, method, time, date, checksum, sizes and the length of the name, as both headers have them. */
function writeCommon(
  header: Buffer,
  at: number,
  fields: { method: number; flags: number; checksum: number; packedBytes: number; bytes: number },
  name: Buffer,
): void {
  header.writeUInt16LE(20, at)
  header.writeUInt16LE(fields.flags, at + 2)
  header.writeUInt16LE(fields.method, at + 4)
  header.writeUInt16LE(0x21, at + 8)
  header.writeUInt32LE(fields.checksum, at + 10)
  header.writeUInt32LE(fields.packedBytes, at + 14)
  header.writeUInt32LE(fields.bytes, at + 18)
  header.writeUInt16LE(name.length, at + 22)
}
