export interface FileEntry {
  name: string
  bytes: number
  sha256: string
}

/** What the `manifest.json` of a committed folder says. */
export interface CommittedFolder<T> {
  /** What `commit` was given. */
  manifest: T
  /** All files but `manifest.json`. */
  files: FileEntry[]
}

/**
 * Where artifacts live. Keys are paths of `/`-separated names that the server makes, never a client.
 * A thing exists when its manifest does; what is committed never changes.
 */
export interface Store {
  /** null where there is no such key. A torn or foreign file is an error. */
  readJson<T>(key: string): Promise<T | null>
  /** As `readJson`, for what is asked for again and again: cheaper, and as up to date. */
  readJsonCached<T>(key: string): Promise<T | null>
  /**
   * Writes durably if no such key exists, and returns whether it did. Name the type `T`, as for `readJson`:
   * without it no value compiles.
   */
  createJson<T = never>(key: string, value: NoInfer<T>): Promise<boolean>
  /** Durable and atomic: readers see the old value or the new one. */
  replaceJson<T = never>(key: string, value: NoInfer<T>): Promise<void>
  /** As `replaceJson`, for a text that another program reads. */
  replaceText(key: string, text: string): Promise<void>
  /** Takes a name for the caller alone, durably: false where somebody has it. */
  claim(key: string): Promise<boolean>
  /** The names directly below a prefix, sorted; none where there is no such prefix. */
  list(prefix: string): Promise<string[]>
  /** A scratch folder that `commit` can make visible; `discard` it otherwise. */
  stage(): Promise<string>
  discard(staged: string): Promise<void>
  /**
   * Makes a staged folder visible under `key`, whole or not at all: checksums, fsync, `manifest.json`
   * last. False, and the staged folder discarded, where `key` is there already.
   */
  commit(staged: string, key: string, manifest: object): Promise<boolean>
  /** Reads the manifest of a committed folder, or returns null if there is none. Cached like `readJsonCached`. */
  readManifest<T>(key: string): Promise<CommittedFolder<T> | null>
  /** Reads it from disk, and returns null also if the manifest does not match its checksum. */
  readIntactManifest<T>(key: string): Promise<CommittedFolder<T> | null>
  /** Reads a committed key again: false where a file or the manifest is missing, cut or altered. */
  verify(key: string): Promise<boolean>
  /** A local folder with the content of a key, for native code and streams. Read only. */
  folder(key: string): Promise<string>
  /** Adds lines to a log; durable at the latest when the operating system writes back. */
  append(key: string, content: string | Uint8Array): Promise<void>
  /** Makes what was appended durable. */
  sync(key: string): Promise<void>
  /** The bytes of a log from an offset, at most `length` of them; empty where there is none. */
  readFrom(key: string, offset: number, length?: number): Promise<Buffer>
  /** How long a log is, in bytes; 0 where there is none. */
  size(key: string): Promise<number>
  /** Removes a key and all below it, manifest first. Nothing to do where it is gone. */
  remove(key: string): Promise<void>
}
