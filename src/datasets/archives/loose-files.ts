import { type FileLocation, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { displayEntry, normalizeEntryPath } from './entry-name.js'
import type { EntrySource } from './entry-source.js'

/** Files that were uploaded by themselves, such as the images of a folder. */
export class LooseFiles implements EntrySource {
  readonly archive = null
  readonly count: number

  constructor(
    private readonly files: readonly InputFile[],
    private readonly limits: DatasetLimits,
  ) {
    this.count = files.length
  }

  path(entry: number): string {
    return normalizeEntryPath(this.file(entry).clientPath)
  }

  bytes(entry: number): number {
    return this.file(entry).size
  }

  location(entry: number): FileLocation {
    return { file: displayEntry(this.path(entry)) }
  }

  head(entry: number, length: number): Buffer {
    return this.readFile(entry, length)
  }

  read(entry: number): Buffer {
    const bytes = this.bytes(entry)
    const { recordBytes } = this.limits
    if (bytes <= recordBytes) return this.readFile(entry, bytes)
    const detail = `${bytes} bytes, expected at most ${recordBytes}`
    throw fileError('DATASET_TOO_LARGE', this.location(entry), detail)
  }

  async *chunks(entry: number): AsyncGenerator<Uint8Array> {
    const file = this.file(entry)
    for (let at = 0; at < file.size; at += 2 ** 20) yield Buffer.from(file.read(at, 2 ** 20))
    file.close()
  }

  /** There may be more files than a process can hold open. */
  private readFile(entry: number, length: number): Buffer {
    const file = this.file(entry)
    const bytes = file.read(0, length)
    file.close()
    return bytes
  }

  private file(entry: number): InputFile {
    return this.files[entry]!
  }
}
