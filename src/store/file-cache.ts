import { readFile, stat } from 'node:fs/promises'
import { lru } from 'tiny-lru'

interface CachedFile {
  stamp: string
  text: string
}

const maxFiles = 256
const maxFileBytes = 64 * 1024
/** A file that has just come could be followed by another with the same stamp: clocks of file systems tick slowly. */
const minAgeMs = 1000

/**
 * Texts of files that are never changed in place, only replaced as a whole: as long as a path leads to
 * the same file, one look at it stands for reading it.
 */
export class FileCache {
  private readonly entries = lru<CachedFile>(maxFiles)

  /** Throws where there is no such file. */
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
