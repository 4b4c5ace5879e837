import { join } from 'node:path'
import { DamagedError } from '../errors.js'
import { assertFilesIntact, manifestFiles, readManifestFile } from './committed-folder.js'
import { stampOf } from './file-cache.js'

const maxFolders = 1000

/**
 * Remembers which committed folders this process has checked. SHA-256 reads about 1.3 GB/s, too slow to repeat
 * for every attempt or prediction, so a folder is checked again only if a file of it has changed.
 */
export class VerifiedFolders {
  private readonly stamps = new Map<string, string>()

  /**
   * Throws a DamagedError if the manifest or a file of the folder at `path` is missing or altered. `key` is the
   * folder's name in the error.
   */
  async assertIntact(path: string, key: string): Promise<void> {
    const folder = await readManifestFile<object>(path, key)
    if (!folder) throw new DamagedError(`${key}/manifest.json`, 'is missing')
    // taken before the files are read: if one changes meanwhile, the next call checks again
    const stamps = await Promise.all(manifestFiles(folder).map(name => stampOf(join(path, name))))
    const stamp = stamps.map(each => each?.text).join()
    if (this.stamps.get(key) === stamp) return
    this.stamps.delete(key)
    await assertFilesIntact(path, key, folder.files)
    if (stamps.every(each => each?.isSettled)) this.stamps.set(key, stamp)
    const [oldest] = this.stamps.keys()
    if (this.stamps.size > maxFolders) this.stamps.delete(oldest!)
  }
}
