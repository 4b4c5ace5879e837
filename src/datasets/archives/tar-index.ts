// Finds the entries of a tar archive by its headers, and skips the data. Own code instead of tar-stream, which
// reads all data for that, takes up to 4 MiB for any extended header, and passes over some wrong sizes.

import { fileError } from '../errors.js'
import type { FileProblems } from '../file-problems.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import type { ArchiveIndex } from './archive-index.js'
import { displayEntry, entryNameProblem, normalizeEntryPath } from './entry-name.js'
import { EntryTable } from './entry-table.js'
import {
  blockBytes,
  decodeTarName,
  isTarHeader,
  isZeroBlock,
  readPaxRecords,
  readTarHeader,
  type TarHeader,
  untilNul,
} from './tar-header.js'

/** A name, and a few times and attributes. */
const maxExtendedBytes = 64 * 1024

const zeros = Buffer.alloc(256 * 1024)

const refusedTypes: Readonly<Record<string, string>> = {
  '1': 'a hard link: write the tar with --hard-dereference',
  '2': 'a symbolic link: write the tar with --dereference (tar -h)',
  '3': 'a device, no file',
  '4': 'a device, no file',
  '6': 'a pipe, no file',
  S: 'a sparse file: write the tar without --sparse',
  M: 'the rest of a file from another volume: write the tar as one file',
  D: 'a list of a folder: write the tar without --incremental',
  N: 'of a kind that GNU tar wrote until 1989',
}

/** Throws if the archive is damaged or cut short. Other problems are added to `problems`. */
export function indexTar(
  file: InputFile,
  limits: DatasetLimits,
  problems: FileProblems,
): ArchiveIndex {
  return new TarIndexer(file, limits, problems).index()
}

class TarIndexer {
  private readonly entries = new EntryTable()
  private readonly guessedNames: string[] = []
  private offset = 0
  private headers = 0
  /** What extended headers say about the next entry. */
  private longName: string | null = null
  private pax = new Map<string, string>()

  constructor(
    private readonly file: InputFile,
    private readonly limits: DatasetLimits,
    private readonly problems: FileProblems,
  ) {}

  index(): ArchiveIndex {
    let hasNext = true
    while (hasNext) hasNext = this.readHeader()
    this.checkEnd()
    return { entries: this.entries, guessedNames: this.guessedNames }
  }

  /** Returns false at the end of the archive. */
  private readHeader(): boolean {
    const { file, offset } = this
    const block = file.read(offset, blockBytes)
    if (block.length < blockBytes) {
      const detail =
        block.length === 0
          ? 'the tar ends without its end mark, so it is cut short: send it again'
          : `the tar ends within the header at byte ${offset}, so it is cut short: send it again`
      throw fileError('DATASET_TRUNCATED', { file: file.name, byte: file.size }, detail)
    }
    if (isZeroBlock(block)) return false
    if (!isTarHeader(block)) {
      const detail = 'the tar is damaged here: the sum of its header is wrong'
      throw fileError('DATASET_CHECKSUM', { file: file.name, byte: offset }, detail)
    }
    const header = readTarHeader(block)
    if (typeof header === 'string') throw this.damaged(header)
    this.countHeader()
    if (this.readExtension(header)) return true
    this.addEntry(header)
    return true
  }

  private countHeader(): void {
    this.headers++
    // at most three extended headers belong to an entry
    if (this.headers <= 4 * this.limits.entries) return
    const detail = `the tar has more than ${this.limits.entries} entries`
    throw fileError('DATASET_TOO_LARGE', { file: this.file.name }, detail)
  }

  /** Reads a header that describes the next entry. Returns false if this is an entry itself. */
  private readExtension({ type, bytes }: TarHeader): boolean {
    if (!['x', 'g', 'L', 'K', 'V'].includes(type)) return false
    if (bytes > maxExtendedBytes) {
      throw this.damaged(
        `its extended header has ${bytes} bytes, expected at most ${maxExtendedBytes}`,
      )
    }
    const data = Buffer.from(this.file.read(this.offset + blockBytes, bytes))
    if (data.length < bytes) throw this.cutShort(bytes)
    if (type === 'L') this.longName = this.decodeName(untilNul(data))
    if (type === 'x' || type === 'g') this.readPax(data, type === 'g')
    this.skip(bytes)
    return true
  }

  private readPax(data: Buffer, isGlobal: boolean): void {
    const records = readPaxRecords(data)
    if (typeof records === 'string') throw this.damaged(records)
    if (!isGlobal) {
      this.pax = records
      return
    }
    // git writes a comment for all entries; a name or size for all of them is an attack
    const wrong = ['path', 'size', 'linkpath'].find(key => records.has(key))
    if (wrong) throw this.damaged(`its header for all entries sets their ${wrong}`)
  }

  private addEntry(header: TarHeader): void {
    const { file, offset } = this
    const bytes = this.paxSize() ?? header.bytes
    const path = this.entryPath(header)
    const isSparse = [...this.pax.keys()].some(key => key.startsWith('GNU.sparse.'))
    this.pax = new Map()
    this.longName = null
    // the sizes of links and folders say nothing about the data
    const dataBytes = ['0', 'S', 'M', 'D', 'N'].includes(header.type) ? bytes : 0
    if (offset + blockBytes + dataBytes > file.size) throw this.cutShort(dataBytes, path)
    const problem = this.entryProblem(path, isSparse ? 'S' : header.type, dataBytes)
    if (problem) {
      const location = { file: file.name, entry: displayEntry(path) }
      this.problems.add('DATASET_FORMAT', location, problem)
      // further headers may follow that of a sparse file, so the next entry cannot be found
      if (header.type === 'S') this.problems.throwIfAny()
    } else if (header.type === '0' && !path.endsWith('/')) {
      this.add(path, dataBytes)
    }
    this.skip(dataBytes)
  }

  private add(path: string, bytes: number): void {
    if (this.entries.count === this.limits.entries) {
      const detail = `the tar has more than ${this.limits.entries} entries`
      throw fileError('DATASET_TOO_LARGE', { file: this.file.name }, detail)
    }
    this.entries.add({
      path,
      start: this.offset,
      offset: this.offset + blockBytes,
      packedBytes: bytes,
      bytes,
      isDeflated: false,
      checksum: null,
    })
  }

  private entryPath({ name, nameIsGuessed }: TarHeader): string {
    const given = this.pax.get('path') ?? this.longName
    const path = normalizeEntryPath(given ?? name)
    if (given === null && nameIsGuessed) this.noteGuess(path)
    return path
  }

  private entryProblem(path: string, type: string, bytes: number): string | null {
    const refused = refusedTypes[type]
    // `tar -C flowers .` writes an entry for the folder itself
    const isRoot = type === '5' && (path === './' || path === '.')
    const nameProblem = isRoot ? null : entryNameProblem(path)
    if (nameProblem) return nameProblem
    if (refused) return `the entry is ${refused}`
    if (type !== '0' && type !== '5')
      return `the entry is of the unknown kind '${displayEntry(type)}'`
    return path.endsWith('/') && bytes > 0 ? 'the folder has content' : null
  }

  private paxSize(): number | null {
    const text = this.pax.get('size')
    if (text === undefined) return null
    if (/^\d{1,15}$/.test(text)) return Number(text)
    throw this.damaged(`its size '${displayEntry(text)}' is no number of bytes`)
  }

  private decodeName(bytes: Buffer): string {
    const { name, nameIsGuessed } = decodeTarName(bytes)
    if (nameIsGuessed) this.noteGuess(name)
    return name
  }

  private noteGuess(path: string): void {
    if (this.guessedNames.length < 3) this.guessedNames.push(displayEntry(path))
  }

  private skip(bytes: number): void {
    this.offset += blockBytes + Math.ceil(bytes / blockBytes) * blockBytes
  }

  /** After the first block of zeros, only zeros follow. Other bytes would be entries that nobody reads. */
  private checkEnd(): void {
    const { file } = this
    for (let at = this.offset; at < file.size; at += zeros.length) {
      const bytes = file.read(at, zeros.length)
      if (bytes.equals(zeros.subarray(0, bytes.length))) continue
      const other = bytes.findIndex(byte => byte !== 0)
      const detail =
        'the tar has bytes after its end mark: if several were joined, send them as several files'
      throw fileError('DATASET_TRAILING_BYTES', { file: file.name, byte: at + other }, detail)
    }
  }

  private damaged(detail: string) {
    const location = { file: this.file.name, byte: this.offset }
    return fileError('DATASET_FORMAT', location, `the tar is damaged or hostile here: ${detail}`)
  }

  private cutShort(bytes: number, path?: string) {
    const { file, offset } = this
    const available = Math.max(0, file.size - offset - blockBytes)
    const location = {
      file: file.name,
      ...(path !== undefined && { entry: displayEntry(path) }),
      byte: file.size,
    }
    const detail = `the tar ends after ${available} of the entry's ${bytes} bytes, so it is cut short: send it again`
    return fileError('DATASET_TRUNCATED', location, detail)
  }
}
