import type { FileLocation } from '../errors.js'

/** Regular files that come together: those of one archive, or the loose files of an upload. */
export interface EntrySource {
  /** The name of the archive; null for loose files. */
  readonly archive: string | null
  readonly count: number
  path(entry: number): string
  bytes(entry: number): number
  /** The first bytes. The next call may overwrite them. */
  head(entry: number, length: number): Buffer
  /** The whole content, checked. The next call may overwrite it. Throws if it is above the limit of a record. */
  read(entry: number): Buffer
  /** The whole content in parts, checked at the end. */
  chunks(entry: number): AsyncIterable<Uint8Array>
  location(entry: number): FileLocation
}
