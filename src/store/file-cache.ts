import { stat } from 'node:fs/promises'

interface CachedFile {
  stamp: string
  bytes: number
  value: unknown
}

const maxBytes = 32 * 2 ** 20
const maxFileBytes = 4 * 2 ** 20
/** The clock of a file system is coarse, so a younger file and its replacement may have the same stamp. */
const minAgeMs = 1000

interface Stamp {
  /** Changes with each change of the file: its inode, size and change time. */
  text: string
  bytes: number
  /** Whether a later change of the file would change the stamp. */
  isSettled: boolean
}

/** Returns null if the file cannot be examined; a read of it reports why. */
export async function stampOf(path: string): Promise<Stamp | null> {
  const stats = await stat(path).catch(() => null)
  if (!stats) return null
  const { ino, size, ctimeMs } = stats
  return {
    text: `${ino}:${size}:${ctimeMs}`,
    bytes: size,
    isSettled: Date.now() - ctimeMs > minAgeMs,
  }
}

/** Keeps values by key, each with a stamp of what it was parsed from. They are frozen, because callers share them. */
export class ValueCache {
  /** The least recently used one first. */
  private readonly entries = new Map<string, CachedFile>()
  private bytes = 0

  get(key: string): CachedFile | null {
    const entry = this.entries.get(key)
    if (!entry) return null
    this.forget(key)
    this.remember(key, entry)
    return entry
  }

  set(key: string, entry: CachedFile): void {
    this.forget(key)
    if (entry.bytes <= maxFileBytes)
      this.remember(key, { ...entry, value: deepFreeze(entry.value) })
  }

  forget(key: string): void {
    this.bytes -= this.entries.get(key)?.bytes ?? 0
    this.entries.delete(key)
  }

  private remember(key: string, entry: CachedFile): void {
    this.entries.set(key, entry)
    this.bytes += entry.bytes
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= maxBytes) break
      this.forget(oldest)
    }
  }
}

/**
 * Caches what was parsed from files that are only ever replaced as a whole. While a file has the same stamp, the
 * value is still right. Damage changes the stamp, so it is noticed.
 */
export class FileCache {
  private readonly values = new ValueCache()

  /** Returns the cached value of the file, or what `load` returns. */
  async read<T>(path: string, load: () => Promise<T | null>): Promise<T | null> {
    const stamp = await stampOf(path)
    const cached = this.values.get(path)
    if (stamp && cached?.stamp === stamp.text) return cached.value as T
    this.values.forget(path)
    const value = await load()
    if (stamp?.isSettled && value !== null)
      this.values.set(path, { stamp: stamp.text, bytes: stamp.bytes, value })
    return value
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
