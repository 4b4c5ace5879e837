import { lstat, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { TrainyardError } from '../errors.js'
import { isWhole, manifestName, readManifest, sealFolder } from './committed-folder.js'
import { type Disk, disk as realDisk } from './disk.js'
import { append, sync, syncUpTo, writeDurably } from './durable.js'
import { RecalledFiles } from './file-cache.js'
import { scratchName, stagingFolder, sweepStaging } from './staging.js'
import { codeOf, translated, unless } from './storage-errors.js'
import type { Manifest, Store } from './store.js'
import { isName, pathOf } from './store-key.js'

/** Artifacts as plain files below `root`; any number of processes may share it. */
export async function openFolderStore(root: string, disk: Disk = realDisk): Promise<Store> {
  const store = new FolderStore(resolve(root), disk)
  await store.open()
  return store
}

class FolderStore implements Store {
  private readonly staging: string
  private readonly recalled = new RecalledFiles()

  constructor(
    private readonly root: string,
    private readonly disk: Disk,
  ) {
    this.staging = stagingFolder(root)
  }

  open(): Promise<void> {
    return sweepStaging(this.root)
  }

  readJson<T>(key: string): Promise<T | null> {
    return this.parsed(key, path => readFile(path, 'utf8'))
  }

  recallJson<T>(key: string): Promise<T | null> {
    return this.parsed(key, path => this.recalled.read(path))
  }

  createJson(key: string, value: unknown): Promise<boolean> {
    return this.place(key, jsonText(value), async (temporary, path) => {
      const created = await this.disk
        .link(temporary, path)
        .then(() => true, unless(false, 'EEXIST'))
      await this.disk.unlink(temporary)
      return created
    })
  }

  async replaceJson(key: string, value: unknown): Promise<void> {
    await this.place(key, jsonText(value), this.disk.rename)
  }

  async replaceText(key: string, text: string): Promise<void> {
    await this.place(key, text, this.disk.rename)
  }

  claim(key: string): Promise<boolean> {
    return translated(async () => {
      const path = await this.room(key)
      const handle = await this.disk.create(path).catch(unless(null, 'EEXIST'))
      await handle?.close()
      await syncUpTo(this.disk, this.root, dirname(path))
      return handle !== null
    })
  }

  list(prefix: string): Promise<string[]> {
    return translated(async () => {
      const path = pathOf(this.root, prefix)
      const names = await readdir(path).catch(unless([], 'ENOENT', 'ENOTDIR'))
      return names.filter(isName).sort()
    })
  }

  stage(): Promise<string> {
    return translated(async () => {
      const folder = this.scratch()
      await this.disk.folder(folder)
      return folder
    })
  }

  discard(staged: string): Promise<void> {
    return translated(() => rm(this.ours(staged), { recursive: true, force: true }))
  }

  commit(staged: string, key: string, manifest: object): Promise<boolean> {
    return translated(async () => {
      const path = await this.room(key)
      await sealFolder(this.disk, this.ours(staged), manifest)
      const made = await this.disk
        .rename(staged, path)
        .then(() => true, unless(false, 'ENOTEMPTY', 'EEXIST'))
      // Also where somebody else was first: what this answer says is there must stay there
      await syncUpTo(this.disk, this.root, dirname(path))
      if (made) return true
      if (!(await exists(join(path, manifestName)))) {
        throw new TrainyardError('STORAGE_CORRUPT', 'unavailable', `${key} has no manifest`)
      }
      await this.discard(staged)
      return false
    })
  }

  readManifest<T>(key: string): Promise<Manifest<T> | null> {
    return translated(
      async () => (await readManifest(pathOf(this.root, key))) as Manifest<T> | null,
    )
  }

  verify(key: string): Promise<boolean> {
    return translated(() => isWhole(pathOf(this.root, key)))
  }

  async folder(key: string): Promise<string> {
    return pathOf(this.root, key)
  }

  append(key: string, content: string | Uint8Array): Promise<void> {
    return translated(async () => {
      const path = pathOf(this.root, key)
      try {
        await append(this.disk, path, content)
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
        await append(this.disk, await this.room(key), content)
      }
    })
  }

  sync(key: string): Promise<void> {
    return translated(async () => {
      const path = pathOf(this.root, key)
      const there = await sync(this.disk, path).then(() => true, unless(false, 'ENOENT', 'ENOTDIR'))
      if (there) await syncUpTo(this.disk, this.root, dirname(path))
    })
  }

  readFrom(key: string, offset: number, length = Number.POSITIVE_INFINITY): Promise<Buffer> {
    return translated(async () => {
      const handle = await open(pathOf(this.root, key), 'r').catch(unless(null, 'ENOENT'))
      if (!handle) return Buffer.alloc(0)
      try {
        const { size } = await handle.stat()
        const buffer = Buffer.alloc(Math.max(0, Math.min(size - offset, length)))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
        return buffer.subarray(0, bytesRead)
      } finally {
        await handle.close()
      }
    })
  }

  size(key: string): Promise<number> {
    return translated(async () => {
      const found = await stat(pathOf(this.root, key)).catch(unless(null, 'ENOENT', 'ENOTDIR'))
      return found?.size ?? 0
    })
  }

  remove(key: string): Promise<void> {
    return translated(async () => {
      const path = pathOf(this.root, key)
      const trash = this.scratch()
      // One rename takes all of it away at once; a crash before the rest leaves only staging to sweep
      if (
        !(await this.disk.rename(path, trash).then(() => true, unless(false, 'ENOENT', 'ENOTDIR')))
      )
        return
      await syncUpTo(this.disk, this.root, dirname(path))
      await rm(trash, { recursive: true, force: true })
    })
  }

  private parsed<T>(key: string, read: (path: string) => Promise<string>): Promise<T | null> {
    return translated(async () => {
      const text = await read(pathOf(this.root, key)).catch(unless(null, 'ENOENT', 'ENOTDIR'))
      if (text === null) return null
      try {
        return JSON.parse(text)
      } catch (cause) {
        throw new TrainyardError('STORAGE_CORRUPT', 'unavailable', `${key} is not JSON`, { cause })
      }
    })
  }

  /** Writes beside, then puts in place: no reader sees half a file. */
  private place<T>(
    key: string,
    text: string,
    put: (temporary: string, path: string) => Promise<T>,
  ): Promise<T> {
    return translated(async () => {
      const path = await this.room(key)
      const temporary = this.scratch()
      try {
        await writeDurably(this.disk, temporary, text)
        const result = await put(temporary, path)
        await syncUpTo(this.disk, this.root, dirname(path))
        return result
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
  }

  private async room(key: string): Promise<string> {
    const path = pathOf(this.root, key)
    await this.disk.folder(dirname(path))
    return path
  }

  private scratch(): string {
    return join(this.staging, scratchName())
  }

  private ours(staged: string): string {
    if (dirname(resolve(staged)) === this.staging) return staged
    throw new Error(`${staged} was not staged by this store`)
  }
}

const jsonText = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, unless(false, 'ENOENT', 'ENOTDIR'))
