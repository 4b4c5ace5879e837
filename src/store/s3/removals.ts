// Removes everything below a key. Objects go one by one, so a note says first what is to go: if the process dies, a
// sweep goes on. What readers see goes in one order: manifests first, since without one the rest is not there.
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import { isDamaged } from '../../errors.js'
import { manifestName } from '../committed-folder.js'
import type { Bucket, ListedObject } from './bucket.js'
import { filesPrefix, manifestKey, parseStoredManifest } from './stored-manifest.js'

const notesFolder = '.removals/'

export class Removals {
  constructor(private readonly bucket: Bucket) {}

  async remove(key: string): Promise<void> {
    const below = await this.listBelow(key)
    const [only] = below
    if (only === undefined) return this.bucket.delete([key])
    // one request removes it, or all that makes it visible
    if (below.length === 1) await this.removeOne(key, only.key)
    else await this.removeMany(key, below)
    await this.bucket.deleteEmptyFolders(foldersOf(key, below))
  }

  private async removeMany(key: string, below: readonly ListedObject[]): Promise<void> {
    const note = `${notesFolder}${randomUUID()}`
    await this.bucket.put(note, key)
    await this.removeAll(key, below)
    await this.bucket.delete([note])
  }

  private async removeOne(key: string, object: string): Promise<void> {
    const found = object === manifestKey(key) ? await this.bucket.get(object) : null
    await this.bucket.delete([object])
    if (found === null) return
    const upload = uploadOf(found.body.toString('utf8'), key)
    // files of another upload to the key, which may be running, stay; those of a damaged manifest are left to the sweep
    if (upload !== null) await this.removeFiles(filesPrefix(key, upload))
  }

  /** Goes on with removals whose process died: what was there when they began. */
  async resume(olderThanMs: number): Promise<void> {
    for await (const note of this.bucket.list(notesFolder)) {
      if (Date.now() - note.modifiedAt < olderThanMs) continue
      const found = await this.bucket.get(note.key)
      if (found === null) continue
      const key = found.body.toString('utf8')
      // by the store's clock for both; a key that was made again is newer
      const before = (await this.listBelow(key)).filter(each => each.modifiedAt <= note.modifiedAt)
      await this.removeAll(key, before)
      await this.bucket.deleteEmptyFolders(foldersOf(key, before))
      await this.bucket.delete([note.key])
    }
  }

  private async removeAll(key: string, below: readonly ListedObject[]): Promise<void> {
    const isManifest = (each: string) => each.endsWith(`/${manifestName}`)
    const keys = below.map(each => each.key)
    // that of the key itself before those below it
    const manifests = keys.filter(isManifest).sort((a, b) => a.length - b.length)
    if (manifests.length > 0) await this.bucket.delete(manifests)
    const others = keys.filter(each => !isManifest(each))
    if (others.length > 0) await this.bucket.delete(others)
    await this.removeFiles(filesPrefix(key))
  }

  private async removeFiles(prefix: string): Promise<void> {
    const files: string[] = []
    for await (const file of this.bucket.list(prefix)) files.push(file.key)
    if (files.length > 0) await this.bucket.delete(files)
  }

  private async listBelow(key: string): Promise<ListedObject[]> {
    const found: ListedObject[] = []
    for await (const object of this.bucket.list(`${key}/`)) found.push(object)
    return found
  }
}

/** A key, and those below it that are parts of the keys of objects. */
function foldersOf(key: string, objects: readonly ListedObject[]): string[] {
  const folders = new Set<string>()
  for (const object of objects) {
    for (let path = dirname(object.key); path.startsWith(key); path = dirname(path))
      folders.add(path)
  }
  return [...folders]
}

function uploadOf(text: string, key: string): string | null {
  try {
    return parseStoredManifest(text, key).upload
  } catch (error) {
    if (isDamaged(error)) return null
    throw error
  }
}
