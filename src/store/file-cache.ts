import { readFile, stat } from 'node:fs/promises'

interface Kept {
  stamp: string
  text: string
}

const most = 256
const longest = 64 * 1024
/** A file that has just come could be followed by another with the same stamp: clocks of file systems tick slowly. */
const settledMs = 1000

/**
 * Texts of files that are never changed in place, only replaced as a whole: as long as a path leads to
 * the same file, one look at it stands for reading it.
 */
export class RecalledFiles {
  private readonly kept = new Map<string, Kept>()

  /** Throws where there is no such file. */
  async read(path: string): Promise<string> {
    const { ino, size, ctimeMs } = await stat(path)
    const stamp = `${ino}:${size}:${ctimeMs}`
    const known = this.kept.get(path)
    if (known?.stamp === stamp) return known.text
    const text = await readFile(path, 'utf8')
    if (size <= longest && Date.now() - ctimeMs > settledMs) this.keep(path, { stamp, text })
    return text
  }

  private keep(path: string, kept: Kept): void {
    this.kept.delete(path)
    this.kept.set(path, kept)
    const [oldest] = this.kept.keys()
    if (this.kept.size > most) this.kept.delete(oldest!)
  }
}
