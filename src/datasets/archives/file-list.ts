import type { FileLocation } from '../errors.js'
import type { EntrySource } from './entry-source.js'

/** Files of several sources, by their numbers, which take no heap. */
export class FileList {
  count = 0
  private pairs = new Uint32Array(256)

  constructor(readonly sources: readonly EntrySource[]) {}

  add(source: number, entry: number): void {
    if (2 * this.count === this.pairs.length) {
      const pairs = new Uint32Array(this.pairs.length * 2)
      pairs.set(this.pairs)
      this.pairs = pairs
    }
    this.pairs[2 * this.count] = source
    this.pairs[2 * this.count + 1] = entry
    this.count++
  }

  /** The number of the file's source. */
  sourceOf(file: number): number {
    return this.pairs[2 * file]!
  }

  path(file: number): string {
    return this.source(file).path(this.entryOf(file))
  }

  bytes(file: number): number {
    return this.source(file).bytes(this.entryOf(file))
  }

  location(file: number): FileLocation {
    return this.source(file).location(this.entryOf(file))
  }

  head(file: number, length: number): Buffer {
    return this.source(file).head(this.entryOf(file), length)
  }

  read(file: number): Buffer {
    return this.source(file).read(this.entryOf(file))
  }

  chunks(file: number): AsyncIterable<Uint8Array> {
    return this.source(file).chunks(this.entryOf(file))
  }

  private source(file: number): EntrySource {
    return this.sources[this.sourceOf(file)]!
  }

  private entryOf(file: number): number {
    return this.pairs[2 * file + 1]!
  }
}

/** The path of a file up to its name, without the last slash; empty at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
