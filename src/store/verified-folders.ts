import { join } from 'node:path'
import { DamagedError } from '../errors.js'
import { assertFilesIntact, manifestFiles, readManifestFile } from './committed-folder.js'
import { stampOf } from './file-cache.js'

const maxFolders = 1000

interface Verified {
  files: readonly string[]
  stamp: string
}

/**
 * Remembers which committed folders this process has checked. SHA-256 reads about 1.3 GB/s, too slow to repeat
 * for every attempt or prediction, so a folder is checked again only if a file of it has changed.
 */
export class VerifiedFolders {
  private readonly verified = new Map<string, Verified>()

  /**
   * Throws a DamagedError if the manifest or a file of the folder at `path` is missing or altered. `key` is the
   * folder's name in the error.
   */
  async assertIntact(path: string, key: string): Promise<void> {
    const known = this.verified.get(key)
    if (known && (await stampsOf(path, known.files)).text === known.stamp) return
    this.verified.delete(key)
    const folder = await readManifestFile<object>(path, key)
    if (!folder) throw new DamagedError(`${key}/manifest.json`, 'is missing')
    const files = manifestFiles(folder)
    // taken before the files are read: if one changes meanwhile, the next call checks again
    const { text, areSettled } = await stampsOf(path, files)
    await assertFilesIntact(path, key, folder.files)
    if (areSettled) this.verified.set(key, { files, stamp: text })
    const [oldest] = this.verified.keys()
    if (this.verified.size > maxFolders) this.verified.delete(oldest!)
  }
}

async function stampsOf(path: string, names: readonly string[]) {
  const stamps = await Promise.all(names.map(name => stampOf(join(path, name))))
  return {
    text: stamps.map(each => each?.text).join(),
    areSettled: stamps.every(each => each?.isSettled),
  }
}
