import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreCodes } from './storage-errors.js'

/** Blocks in `stat` have this size, whatever the file system's. */
const statBlockBytes = 512

/** What a file, or all files of a folder, take on the disk. A file with several hard links counts in parts. */
async function bytesOnDisk(path: string): Promise<number> {
  const entry = await lstat(path).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
  if (!entry) return 0
  const own = entry.blocks * statBlockBytes
  if (!entry.isDirectory()) return own / entry.nlink
  let bytes = own
  // one after the other: it must not take the disk from those who work
  for (const name of await readdir(path).catch(ignoreCodes<string[]>([], 'ENOENT'))) {
    bytes += await bytesOnDisk(join(path, name))
  }
  return bytes
}

const minIntervalMs = 10 * 60_000
/** It measures for at most a twentieth of the time. */
const pauseFactor = 20

/**
 * What each folder of the data folder takes on the disk. It is measured in the background, after someone has
 * asked: at most every ten minutes, and more rarely if that takes long.
 */
export class DiskUse {
  private lastMeasured: ReadonlyMap<string, number> = new Map()
  private nextAt = 0

  constructor(private readonly dataFolder: string) {}

  /** Bytes by folder, as last measured; empty before that. */
  get(): ReadonlyMap<string, number> {
    if (performance.now() >= this.nextAt) {
      this.nextAt = Number.POSITIVE_INFINITY
      void this.measure()
    }
    return this.lastMeasured
  }

  private async measure(): Promise<void> {
    const startedAt = performance.now()
    try {
      const measured = new Map<string, number>()
      for (const entry of await readdir(this.dataFolder, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue
        measured.set(entry.name, await bytesOnDisk(join(this.dataFolder, entry.name)))
      }
      this.lastMeasured = measured
    } catch {
      // a disk that fails is reported by DiskSpace; the last values stay
    }
    const now = performance.now()
    this.nextAt = now + Math.max(minIntervalMs, pauseFactor * (now - startedAt))
  }
}
