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

/**
 * Stores all artifacts. A key is a path of `/`-separated names; the server makes keys, never a client.
 * An artifact exists once its manifest exists, and a committed artifact never changes. Methods throw
 * STORAGE_FULL or STORAGE_FAILED if the disk fails, and INVALID_KEY for a key that is not allowed.
 */
export interface Store {
  /** Returns null if there is no such key. Throws STORAGE_CORRUPT if the file is not JSON. */
  readJson<T>(key: string): Promise<T | null>
  /** Like `readJson`, but cheaper for keys that are read often. The result is equally up to date. */
  readJsonCached<T>(key: string): Promise<T | null>
  /**
   * Writes durably if no such key exists, and returns whether it did. Callers must name the type `T`, as
   * for `readJson`; without it no value compiles.
   */
  createJson<T = never>(key: string, value: NoInfer<T>): Promise<boolean>
  /** Writes durably and atomically: readers see either the old value or the new one. */
  replaceJson<T = never>(key: string, value: NoInfer<T>): Promise<void>
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
   * manifest to `manifest.json`, flushes everything, and renames the folder. If `key` exists already, it
   * discards the staged folder and returns false.
   */
  commit(staged: string, key: string, manifest: object): Promise<boolean>
  /** Reads the manifest of a committed folder, or returns null if there is none. Cached like `readJsonCached`. */
  readManifest<T>(key: string): Promise<CommittedFolder<T> | null>
  /** Reads it from disk, and returns null also if the manifest does not match its checksum. */
  readIntactManifest<T>(key: string): Promise<CommittedFolder<T> | null>
  /** Checks the files of a committed key. Returns false if a file or the manifest is missing or altered. */
  verify(key: string): Promise<boolean>
  /** The path of a local folder with the content of a key, for native code and streams. Do not write to it. */
  folder(key: string): Promise<string>
  /** Appends to a log. Call `sync` to make it durable before the operating system writes it back. */
  append(key: string, content: string | Uint8Array): Promise<void>
  /** Makes all earlier appends durable. */
  sync(key: string): Promise<void>
  /** The bytes of a log from `offset` on, at most `length`. Empty if there is no such log. */
  readFrom(key: string, offset: number, length?: number): Promise<Buffer>
  /** The size of a log in bytes; 0 if there is no such log. */
  size(key: string): Promise<number>
  /** Removes a key and everything below it, atomically. Does nothing if there is no such key. */
  remove(key: string): Promise<void>
}
