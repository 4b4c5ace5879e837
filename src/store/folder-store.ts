import { lstat, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { TrainyardError } from '../errors.js'
import {
  type ManifestFile,
  manifestName,
  readIntactManifest,
  splitManifest,
  verifyFolder,
  writeManifest,
} from './committed-folder.js'
import { type Disk, disk as realDisk } from './disk.js'
import { append, sync, syncUpTo, writeDurably } from './durable.js'
import { FileCache } from './file-cache.js'
import { ensureFormatVersion } from './format-version.js'
import { createStaging, stagingFolder, sweepStaging, tempName } from './staging.js'
import { errorCode, ignoreCodes, withStorageErrors } from './storage-errors.js'
import type { CommittedFolder, Store } from './store.js'
import { isKeySegment, pathOf } from './store-key.js'

/**
 * Opens the data folder at `root`, and creates it if it does not exist. Any number of processes may
 * share it. Throws DATA_FOLDER_FORMAT if this code cannot read its format.
 */
export async function openFolderStore(root: string, disk: Disk = realDisk): Promise<Store> {
  const store = new FolderStore(resolve(root), disk)
  await store.open()
  return store
}

class FolderStore implements Store {
  private readonly staging: string
  private readonly fileCache = new FileCache()

  constructor(
    private readonly root: string,
    private readonly disk: Disk,
  ) {
    this.staging = stagingFolder(root)
  }

  async open(): Promise<void> {
    await createStaging(this.root)
    await ensureFormatVersion(this, this.root)
    await sweepStaging(this.root)
  }

  readJson<T>(key: string): Promise<T | null> {
    return this.readParsed(key, path => readFile(path, 'utf8'))
  }

  readJsonCached<T>(key: string): Promise<T | null> {
    return this.readParsed(key, path => this.fileCache.read(path))
  }

  createJson<T = never>(key: string, value: NoInfer<T>): Promise<boolean> {
    return this.writeAtomically(key, jsonText(value), async (temporary, path) => {
      const created = await this.disk
        .link(temporary, path)
        .then(() => true, ignoreCodes(false, 'EEXIST'))
      await this.disk.unlink(temporary)
      return created
    })
  }

  async replaceJson<T = never>(key: string, value: NoInfer<T>): Promise<void> {
    await this.writeAtomically(key, jsonText(value), this.disk.rename)
  }

  async replaceText(key: string, text: string): Promise<void> {
    await this.writeAtomically(key, text, this.disk.rename)
  }

  claim(key: string): Promise<boolean> {
    return withStorageErrors(async () => {
      const path = await this.ensureParent(key)
      const handle = await this.disk.create(path).catch(ignoreCodes(null, 'EEXIST'))
      await handle?.close()
      await syncUpTo(this.disk, this.root, dirname(path))
      return handle !== null
    })
  }

  list(prefix: string): Promise<string[]> {
    return withStorageErrors(async () => {
      const path = pathOf(this.root, prefix)
      const names = await readdir(path).catch(ignoreCodes([], 'ENOENT', 'ENOTDIR'))
      return names.filter(isKeySegment).sort()
    })
  }

  stage(): Promise<string> {
    return withStorageErrors(async () => {
      const folder = this.tempPath()
      await this.disk.mkdir(folder)
      return folder
    })
  }

  discard(staged: string): Promise<void> {
    return withStorageErrors(() => rm(this.assertStaged(staged), { recursive: true, force: true }))
  }

  commit(staged: string, key: string, manifest: object): Promise<boolean> {
    return withStorageErrors(async () => {
      const path = await this.ensureParent(key)
      await writeManifest(this.disk, this.assertStaged(staged), manifest)
      const committed = await this.disk
        .rename(staged, path)
        .then(() => true, ignoreCodes(false, 'ENOTEMPTY', 'EEXIST'))
      // Flushed even if another commit came first: the answer promises that the key exists.
      await syncUpTo(this.disk, this.root, dirname(path))
      if (committed) return true
      if (!(await exists(join(path, manifestName)))) {
        throw new TrainyardError('STORAGE_CORRUPT', `${key} has no manifest`)
      }
      await this.discard(staged)
      return false
    })
  }

  async readManifest<T>(key: string): Promise<CommittedFolder<T> | null> {
    const file = await this.readJsonCached<ManifestFile<T>>(`${key}/${manifestName}`)
    return file && splitManifest(file)
  }

  readIntactManifest<T>(key: string): Promise<CommittedFolder<T> | null> {
    return withStorageErrors(async () => {
      const file = await readIntactManifest(pathOf(this.root, key))
      return file && splitManifest(file as ManifestFile<T>)
    })
  }

  verify(key: string): Promise<boolean> {
    return withStorageErrors(() => verifyFolder(pathOf(this.root, key)))
  }

  async folder(key: string): Promise<string> {
    return pathOf(this.root, key)
  }

  append(key: string, content: string | Uint8Array): Promise<void> {
    return withStorageErrors(async () => {
      const path = pathOf(this.root, key)
      try {
        await append(this.disk, path, content)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
        await append(this.disk, await this.ensureParent(key), content)
      }
    })
  }

  sync(key: string): Promise<void> {
    return withStorageErrors(async () => {
      const path = pathOf(this.root, key)
      const found = await sync(this.disk, path).then(
        () => true,
        ignoreCodes(false, 'ENOENT', 'ENOTDIR'),
      )
      if (found) await syncUpTo(this.disk, this.root, dirname(path))
    })
  }

  readFrom(key: string, offset: number, length = Number.POSITIVE_INFINITY): Promise<Buffer> {
    return withStorageErrors(async () => {
      const handle = await open(pathOf(this.root, key), 'r').catch(ignoreCodes(null, 'ENOENT'))
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
    return withStorageErrors(async () => {
      const found = await stat(pathOf(this.root, key)).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
      return found?.size ?? 0
    })
  }

  remove(key: string): Promise<void> {
    return withStorageErrors(async () => {
      const path = pathOf(this.root, key)
      const trash = this.tempPath()
      // The rename removes everything at once. After a crash here, the next sweep of staging deletes it.
      const found = await this.disk
        .rename(path, trash)
        .then(() => true, ignoreCodes(false, 'ENOENT', 'ENOTDIR'))
      if (!found) return
      await syncUpTo(this.disk, this.root, dirname(path))
      await rm(trash, { recursive: true, force: true })
    })
  }

  private readParsed<T>(key: string, read: (path: string) => Promise<string>): Promise<T | null> {
    return withStorageErrors(async () => {
      const text = await read(pathOf(this.root, key)).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
      if (text === null) return null
      try {
        return JSON.parse(text)
      } catch (cause) {
        throw new TrainyardError('STORAGE_CORRUPT', `${key} is not JSON`, { cause })
      }
    })
  }

  /** Writes a temporary file and then moves it into place, so that no reader sees half a file. */
  private writeAtomically<T>(
    key: string,
    text: string,
    moveIntoPlace: (temporary: string, path: string) => Promise<T>,
  ): Promise<T> {
    return withStorageErrors(async () => {
      const temporary = this.tempPath()
      try {
        // first, so that on a full disk no empty folder of the key remains
        await writeDurably(this.disk, temporary, text)
        const path = await this.ensureParent(key)
        const result = await moveIntoPlace(temporary, path)
        await syncUpTo(this.disk, this.root, dirname(path))
        return result
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
  }

  private async ensureParent(key: string): Promise<string> {
    const path = pathOf(this.root, key)
    await this.disk.mkdir(dirname(path))
    return path
  }

  private tempPath(): string {
    return join(this.staging, tempName())
  }

  private assertStaged(staged: string): string {
    if (dirname(resolve(staged)) === this.staging) return staged
    throw new Error(`${staged} was not staged by this store`)
  }
}

const jsonText = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, ignoreCodes(false, 'ENOENT', 'ENOTDIR'))
