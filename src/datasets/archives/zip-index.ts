// Reads the directory of a zip archive by yauzl, and checks all that can be checked before anything is
// inflated. An archive whose directory and local headers differ is read differently by different programs.

import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl'
import { TrainyardError } from '../../errors.js'
import { type FileErrorCode, fileError } from '../errors.js'
import type { FileProblems } from '../file-problems.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import type { ArchiveIndex } from './archive-index.js'
import { decodeUtf8, displayEntry, entryNameProblem, normalizeEntryPath } from './entry-name.js'
import { type EntryFields, EntryTable } from './entry-table.js'

const stored = 0
const deflated = 8

const otherMethods: Readonly<Record<number, string>> = {
  1: 'shrunk',
  6: 'imploded',
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'xz',
  98: 'PPMd',
}

const isEncryptedFlag = 1
const hasDescriptorFlag = 8
const isUtf8Flag = 0x800
const aesMethod = 99

/** Throws if the directory cannot be read. Other problems are added to `problems`. */
export async function indexZip(
  file: InputFile,
  limits: DatasetLimits,
  problems: FileProblems,
): Promise<ArchiveIndex> {
  const zip = await openZip(file)
  if (zip.entryCount > limits.entries) {
    const detail = `the zip has ${zip.entryCount} entries, expected at most ${limits.entries}`
    throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
  }
  const directory = zip.readEntryCursor as unknown as number
  const indexer = new ZipIndexer(file, limits, problems)
  try {
    for await (const entry of zip.eachEntry()) indexer.add(entry)
  } catch (error) {
    throw zipError(file, error)
  }
  indexer.finish(zip, directory)
  return { entries: indexer.entries, guessedNames: indexer.guessedNames }
}

async function openZip(file: InputFile): Promise<ZipFile> {
  try {
    return await fromRandomAccessReaderPromise(new InputFileReader(file), file.size, {
      autoClose: false,
      decodeStrings: false,
      validateEntrySizes: false,
    })
  } catch (error) {
    throw zipError(file, error)
  }
}

/** An error of yauzl, or an error of ours as it is. */
function zipError(file: InputFile, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TrainyardError || 'syscall' in error)
    return error
  const { message } = error
  const location = { file: file.name }
  if (/^End of central directory record signature not found/.test(message)) {
    const detail = 'the zip has no directory at its end, so it is cut short: send it again'
    return fileError('DATASET_TRUNCATED', location, detail, error)
  }
  if (/strong encryption/.test(message)) {
    const detail = 'the zip is encrypted: write it without a password'
    return fileError('DATASET_FORMAT', location, detail, error)
  }
  const detail = `the directory of the zip is damaged: ${message.replace(/\p{C}/gu, '').slice(0, 200)}`
  return fileError('DATASET_FORMAT', location, detail, error)
}

/** Synchronous, since the process that converts has nothing else to do. */
class InputFileReader extends RandomAccessReader {
  constructor(private readonly file: InputFile) {
    super()
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const bytes = this.file.read(position, length)
    bytes.copy(buffer, offset)
    callback(null, bytes.length)
  }
}

class ZipIndexer {
  readonly entries = new EntryTable()
  guessedNames: string[] = []
  private inflatedBytes = 0

  constructor(
    private readonly file: InputFile,
    private readonly limits: DatasetLimits,
    private readonly problems: FileProblems,
  ) {}

  add(entry: Entry): void {
    const rawName = entry.fileName as unknown as Buffer
    const path = this.decodeName(entry, rawName)
    const found = this.check(entry, path, rawName)
    if (Array.isArray(found)) {
      const [code, detail] = found
      this.problems.add(code, { file: this.file.name, entry: displayEntry(path) }, detail)
    } else if (found) {
      this.entries.add(found)
      this.inflatedBytes += found.bytes
      this.checkInflation()
    }
  }

  /** Returns a problem, the file, or null for a folder. */
  private check(
    entry: Entry,
    path: string,
    rawName: Buffer,
  ): [FileErrorCode, string] | EntryFields | null {
    const { compressionMethod, compressedSize: packedBytes, uncompressedSize: bytes } = entry
    const wrong = entryNameProblem(path) ?? unreadableKind(entry, path)
    if (wrong) return ['DATASET_FORMAT', wrong]
    if (path.endsWith('/')) return null
    if (compressionMethod === stored && packedBytes !== bytes) {
      const detail = `the entry is stored as it is, but its ${packedBytes} bytes are to give ${bytes}`
      return ['DATASET_SIZE_MISMATCH', detail]
    }
    const local = this.readLocalHeader(entry, rawName)
    if (typeof local === 'string') return ['DATASET_FORMAT', local]
    const offset = local.dataStart
    if (offset + packedBytes > this.file.size) {
      const detail = `the entry has ${packedBytes} bytes from byte ${offset} on, but the zip ends at ${this.file.size}`
      return ['DATASET_TRUNCATED', detail]
    }
    return {
      path,
      start: entry.relativeOffsetOfLocalHeader,
      offset,
      packedBytes,
      bytes,
      isDeflated: compressionMethod === deflated,
      checksum: entry.crc32,
    }
  }

  /** Checks what concerns the zip as a whole. */
  finish(zip: ZipFile, directory: number): void {
    const end = zip.readEntryCursor as unknown as number
    this.checkDirectoryEnd(end, zip.entryCount)
    this.checkOverlap(directory)
  }

  private decodeName(entry: Entry, rawName: Buffer): string {
    const hasUnicodeName = entry.extraFields.some(({ id }) => id === 0x7075)
    const isMarked = (entry.generalPurposeBitFlag & isUtf8Flag) !== 0
    // macOS and some others write UTF-8 without saying so
    const utf8 = isMarked || !hasUnicodeName ? decodeUtf8(rawName) : null
    const name =
      utf8 ?? getFileNameLowLevel(entry.generalPurposeBitFlag, rawName, entry.extraFields, true)
    const path = normalizeEntryPath(name)
    const isAscii = rawName.every(byte => byte < 128)
    if (!isAscii && !isMarked && !hasUnicodeName && this.guessedNames.length < 3) {
      this.guessedNames.push(displayEntry(path))
    }
    return path
  }

  /** Returns where the entry's data begin, or what is wrong. */
  private readLocalHeader(entry: Entry, name: Buffer): { dataStart: number } | string {
    const offset = entry.relativeOffsetOfLocalHeader
    const header = this.file.read(offset, 30 + name.length)
    if (header.length < 30 + name.length) return `its header at byte ${offset} is not in the zip`
    if (header.readUInt32LE(0) !== 0x04034b50) return `there is no header at byte ${offset}`
    const differs = (what: string) =>
      `the header at byte ${offset} has another ${what} than the directory`
    const flags = header.readUInt16LE(6)
    const mattering = isEncryptedFlag | hasDescriptorFlag
    if ((flags & mattering) !== (entry.generalPurposeBitFlag & mattering)) return differs('flag')
    if (header.readUInt16LE(8) !== entry.compressionMethod) return differs('compression method')
    const nameBytes = header.readUInt16LE(26)
    if (nameBytes !== name.length || !header.subarray(30).equals(name)) return differs('name')
    if ((flags & hasDescriptorFlag) === 0) {
      if (header.readUInt32LE(14) !== entry.crc32) return differs('checksum')
      const sizes = [header.readUInt32LE(18), header.readUInt32LE(22)]
      const expected = [entry.compressedSize, entry.uncompressedSize]
      // of more than 4 GiB, the size is in an extra field
      const isOther = sizes.some((size, at) => size !== 0xffffffff && size !== expected[at])
      if (isOther) return differs('size')
    }
    return { dataStart: offset + 30 + nameBytes + header.readUInt16LE(28) }
  }

  /** Before anything is inflated; the bytes that come out are compared with these sizes later. */
  private checkInflation(): void {
    const { file, limits, inflatedBytes } = this
    if (inflatedBytes > limits.uploadBytes) {
      const detail = `the entries have more than ${limits.uploadBytes} bytes`
      throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
    }
    if (
      inflatedBytes > limits.inflationFloorBytes &&
      inflatedBytes > limits.inflationRatio * file.size
    ) {
      const detail = `the entries inflate to more than ${limits.inflationRatio} times the ${file.size} bytes of the zip`
      throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
    }
  }

  /** An archive that says too few entries would hide the others. */
  private checkDirectoryEnd(end: number, entryCount: number): void {
    const bytes = this.file.read(end, 4)
    const signature = bytes.length < 4 ? 0 : bytes.readUInt32LE(0)
    const ends = [0x06054b50, 0x06064b50, 0x05054b50]
    if (ends.includes(signature)) return
    const location = { file: this.file.name, byte: end }
    const detail =
      signature === 0x02014b50
        ? `the zip says that it has ${entryCount} entries, but its directory has more; if there are more than 65,535, write it with ZIP64 (such as by Python's zipfile or Info-ZIP)`
        : `the directory of the zip does not end after its ${entryCount} entries`
    throw fileError('DATASET_FORMAT', location, detail)
  }

  /** Entries that share bytes inflate to far more than the zip seems to hold. */
  private checkOverlap(directory: number): void {
    const { entries } = this
    const order = Uint32Array.from({ length: entries.count }, (_, entry) => entry)
    order.sort((a, b) => entries.start(a) - entries.start(b))
    let end = 0
    let previous = -1
    for (const entry of order) {
      const { start, offset, packedBytes } = entries.get(entry)
      if (start < end) {
        throw this.overlapError(entry, `'${displayEntry(entries.path(previous))}'`)
      }
      end = offset + packedBytes
      previous = entry
    }
    if (end > directory) throw this.overlapError(previous, 'the directory')
  }

  private overlapError(entry: number, other: string) {
    const location = { file: this.file.name, entry: displayEntry(this.entries.path(entry)) }
    const detail = `the entry and ${other} share bytes of the zip, which no program writes`
    return fileError('DATASET_FORMAT', location, detail)
  }
}

/** Says why an entry cannot be read, or returns null. */
function unreadableKind(entry: Entry, path: string): string | null {
  const mode = entry.externalFileAttributes >>> 16
  const type = mode & 0o170000
  if (type === 0o120000) return 'the entry is a symbolic link: put the file itself into the archive'
  if (type !== 0 && type !== 0o100000 && type !== 0o040000)
    return 'the entry is a device or a pipe, no file'
  if (path.endsWith('/')) return entry.uncompressedSize > 0 ? 'the folder has content' : null
  if (entry.generalPurposeBitFlag & isEncryptedFlag || entry.compressionMethod === aesMethod) {
    return 'the entry is encrypted: write the zip without a password'
  }
  const { compressionMethod } = entry
  if (compressionMethod === stored || compressionMethod === deflated) return null
  const name = otherMethods[compressionMethod] ?? `method ${compressionMethod}`
  return `the entry is compressed by ${name}, which is not read: write the zip with Deflate, or without compression`
}
