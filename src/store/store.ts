import type { Shape } from './shape.js'

export interface FileEntry {
  name: string
  bytes: number
  sha256: string
}

/** The content of the `manifest.json` of a committed folder. */
export interface CommittedFolder<T> {
  /** The `manifest` argument of `commit`. */
  manifest: T
  /** All files except `manifest.json`. */
  files: FileEntry[]
}

/** A thing that a store has: a committed folder; or a record, a text or a log. */
export interface StoreEntry {
  kind: 'folder' | 'file'
  key: string
}

export interface JsonOptions {
  /** Whether an object gets a field `checksum`, by which a read notices damage; default: true. */
  checksum?: boolean
}

/**
 * Stores all artifacts. A key is a path of `/`-separated names; the server makes keys, never a client.
 * An artifact exists once its manifest exists, and a committed artifact never changes. Methods throw
 * STORAGE_FULL or STORAGE_FAILED if the disk fails, and INVALID_KEY for a key that is not allowed.
 */
export interface Store {
  /** Returns null if there is no such key. Throws a DamagedError if its record is damaged or has another shape. */
  readJson<T>(key: string, shape?: Shape<T>): Promise<T | null>
  /**
   * Like `readJson`, but cheaper for keys that are read often. The result is equally up to date. Callers share it
   * and must not change it.
   */
  readJsonCached<T>(key: string, shape?: Shape<T>): Promise<T | null>
  /**
   * Writes durably if no such key exists, and returns whether it did. Callers must name the type `T`, as
   * for `readJson`; without it no value compiles.
   */
  createJson<T = never>(key: string, value: NoInfer<T>, options?: JsonOptions): Promise<boolean>
  /** Writes durably and atomically: readers see either the old value or the new one. */
  replaceJson<T = never>(key: string, value: NoInfer<T>, options?: JsonOptions): Promise<void>
  /** Like `replaceJson`, for a text that another program reads. */
  replaceText(key: string, text: string): Promise<void>
  /** Creates an empty file durably, and returns false if the key exists already. Only one caller gets true. */
  claim(key: string): Promise<boolean>
  /** The names directly below a prefix, sorted. Empty if there is no such prefix. */
  list(prefix: string): Promise<string[]>
  /** Creates a temporary folder and returns its path. Pass it to `commit` or to `discard`. */
  stage(): Promise<string>
  discard(staged: string): Promise<void>
  /**
   * Makes a staged folder visible under `key`, completely or not at all: it writes the checksums and the
   * manifest to `manifest.json`, flushes everything, and renames the folder. If `key` exists already and is
   * intact, it discards the staged folder and returns false; if it is damaged, it is replaced.
   */
  commit(staged: string, key: string, manifest: object): Promise<boolean>
  /**
   * Puts a file of a committed folder into a staged one without copying it, if the disk can: both names are of one
   * file, which never changes. `file` and `to` are relative to the folders.
   */
  shareFile(key: string, file: string, staged: string, to: string): Promise<void>
  /**
   * Reads the manifest of a committed folder, or returns null if there is none. Throws a DamagedError if it does
   * not match its checksum. Cached like `readJsonCached`.
   */
  readManifest<T>(key: string, shape?: Shape<T>): Promise<CommittedFolder<T> | null>
  /**
   * Throws a DamagedError if a file of a committed key or the manifest is missing or altered. Files that have not
   * changed since the last call are not read again.
   */
  assertIntact(key: string): Promise<void>
  /** Whether `assertIntact` finds no damage. */
  verify(key: string): Promise<boolean>
  /** The path of a local folder with the content of a key, for native code and streams. Do not write to it. */
  folder(key: string): Promise<string>
  /** Appends to a log. Call `sync` to make it durable before the operating system writes it back. */
  append(key: string, content: string | Uint8Array): Promise<void>
  /** Makes all earlier appends durable. */
  sync(key: string): Promise<void>
  /** Call before this process says that it has done its task: whoever reads its logs then, on any host, reads all. */
  syncAll(): Promise<void>
  /** Makes the logs below a prefix durable, whoever of this host wrote them. They do not grow any more. */
  closeLogs(prefix: string): Promise<void>
  /** The bytes of a log from `offset` on, at most `length`. Empty if there is no such log. */
  readFrom(key: string, offset: number, length?: number): Promise<Buffer>
  /** The path of a local file with the content of a log. Do not write to it. */
  logFile(key: string): Promise<string>
  /** The size of a log in bytes; 0 if there is no such log. */
  size(key: string): Promise<number>
  /** The bytes that the removal of a key frees; 0 if there is no such key. */
  bytesBelow(key: string): Promise<number>
  /**
   * Makes `key` a symbolic link to the folder of another key; in a bucket, an object that names it. Does nothing if the
   * key exists. A crash of the machine may lose it.
   */
  link(key: string, target: string): Promise<void>
  /** Removes a key and everything below it, atomically. Does nothing if there is no such key. */
  remove(key: string): Promise<void>
  /** All that the store has. What is stored or removed meanwhile may be left out. */
  entries(): AsyncIterable<StoreEntry>
  /** Removes what processes left behind that died in the middle of a change. */
  sweep(): Promise<void>
  /** Why nothing can be stored at the moment, in one line, beside what the disk of the data folder says; null if it can. */
  problem(): Promise<string | null>
}
