// The directory at the end of a zip archive (APPNOTE.TXT, 4.3.12 to 4.3.16), read just far enough to tell what
// kind of file a zip is. `zip-index.ts` checks it.

import type { InputFile } from '../input-file.js'

const endSignature = Buffer.from('PK\x05\x06', 'latin1')
const end64LocatorSignature = 0x07064b50
const end64Signature = 0x06064b50
const headerSignature = 0x02014b50
const endBytes = 22
const headerBytes = 46
const maxCommentBytes = 0xffff

/** Names that are looked at. */
const maxNames = 2000

/** The names of the first entries; none if there is no directory. They are not checked, and no paths. */
export function zipEntryNames(file: InputFile): string[] {
  const names: string[] = []
  let offset = directoryOffset(file)
  if (offset === null) return names
  while (names.length < maxNames) {
    const header = file.read(offset, headerBytes + 0xffff)
    if (header.length < headerBytes || header.readUInt32LE(0) !== headerSignature) break
    const [name, extra, comment] = [28, 30, 32].map(at => header.readUInt16LE(at))
    names.push(header.toString('latin1', headerBytes, headerBytes + name!))
    offset += headerBytes + name! + extra! + comment!
  }
  return names
}

/** The byte where the directory begins; null if the file has no end record. */
function directoryOffset(file: InputFile): number | null {
  const tailStart = Math.max(0, file.size - endBytes - maxCommentBytes)
  const tail = Buffer.from(file.read(tailStart, endBytes + maxCommentBytes))
  const end = tail.lastIndexOf(endSignature)
  if (end < 0 || end + endBytes > tail.length) return null
  const offset = tail.readUInt32LE(end + 16)
  if (offset !== 0xffffffff) return offset
  const locator = Buffer.from(file.read(Math.max(0, tailStart + end - 20), 20))
  if (locator.length < 20 || locator.readUInt32LE(0) !== end64LocatorSignature) return offset
  const end64 = file.read(Number(locator.readBigUInt64LE(8)), 56)
  if (end64.length < 56 || end64.readUInt32LE(0) !== end64Signature) return offset
  return Number(end64.readBigUInt64LE(48))
}
