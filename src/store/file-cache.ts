import { readFile, stat } from 'node:fs/promises'
import { lru } from 'tiny-lru'

interface CachedFile {
  stamp: string
  text: string
}

const maxFiles = 256
const maxFileBytes = 64 * 1024
/**
 * Younger files are not cached: the clock of a file system is coarse, so a file and its replacement may
 * have the same stamp.
 */
const minAgeMs = 1000

/**
 * Caches the texts of files that are only ever replaced as a whole. If `stat` returns the same inode,
 * size and change time as before, the cached text is still right.
 */
export class FileCache {
  private readonly entries = lru<CachedFile>(maxFiles)

  /** Throws ENOENT if there is no such file. */
  async read(path: string): Promise<string> {
    const { ino, size, ctimeMs } = await stat(path)
    const stamp = `${ino}:${size}:${ctimeMs}`
    const cached = this.entries.get(path)
    if (cached?.stamp === stamp) return cached.text
    const text = await readFile(path, 'utf8')
    if (size <= maxFileBytes && Date.now() - ctimeMs > minAgeMs) {
      this.entries.set(path, { stamp, text })
    }
    return text
  }
}
