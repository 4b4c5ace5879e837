import { lstat, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { DamagedError, nullIfDamaged } from '../errors.js'
import { bytesBelow } from './bytes-below.js'
import { manifestName, readManifestFile, writeManifest } from './committed-folder.js'
import { type Disk, disk as realDisk } from './disk.js'
import { append, sync, syncUpTo, writeDurably } from './durable.js'
import { FileCache } from './file-cache.js'
import { folderEntries } from './folder-entries.js'
import { ensureFormatVersion, type OpenFor } from './format-version.js'
import {
  openRegularFile,
  parseRecord,
  readRecordText,
  rethrowDamage,
  serializeRecord,
} from './record-file.js'
import type { Shape } from './shape.js'
import {
  createStaging,
  shareIntoStaging,
  stagingFolder,
  sweepStaging,
  tempName,
} from './staging.js'
import { errorCode, ignoreCodes, isPathError, withStorageErrors } from './storage-errors.js'
import type { CommittedFolder, JsonOptions, Store, StoreEntry } from './store.js'
import { isKeySegment, pathOf, storeFolders } from './store-key.js'
import { VerifiedFolders } from './verified-folders.js'

/**
 * Opens the data folder at `root`, and creates it if it does not exist. Any number of processes may
 * share it. Throws DATA_FOLDER_FORMAT if this code cannot read its format.
 */
export async function openFolderStore(
  root: string,
  disk: Disk = realDisk,
  openFor: OpenFor = 'use',
): Promise<Store> {
  const store = new FolderStore(resolve(root), disk)
  await store.open(openFor)
  return store
}

class FolderStore implements Store {
  private readonly staging: string
  private readonly fileCache = new FileCache()
  private readonly verifiedFolders = new VerifiedFolders()

  constructor(
    private readonly root: string,
    private readonly disk: Disk,
  ) {
    this.staging = stagingFolder(root)
  }

  async open(openFor: OpenFor): Promise<void> {
    await createStaging(this.root)
    await ensureFormatVersion(this, this.root, { openFor })
    await sweepStaging(this.root)
  }

  readJson<T>(key: string, shape?: Shape<T>): Promise<T | null> {
    return withStorageErrors(async () => {
      const text = await readRecordText(pathOf(this.root, key), key)
      return text === null ? null : parseRecord(text, key, { shape })
    })
  }

  readJsonCached<T>(key: string, shape?: Shape<T>): Promise<T | null> {
    return withStorageErrors(() =>
      this.fileCache.read(pathOf(this.root, key), () => this.readJson(key, shape)),
    )
  }

  createJson<T = never>(
    key: string,
    value: NoInfer<T>,
    { checksum = true }: JsonOptions = {},
  ): Promise<boolean> {
    return this.writeAtomically(key, serializeRecord(value, checksum), async (temporary, path) => {
      const created = await this.disk
        .link(temporary, path)
        .then(() => true, ignoreCodes(false, 'EEXIST'))
      await this.disk.unlink(temporary)
      return created
    })
  }

  async replaceJson<T = never>(
    key: string,
    value: NoInfer<T>,
    { checksum = true }: JsonOptions = {},
  ): Promise<void> {
    await this.writeAtomically(key, serializeRecord(value, checksum), this.disk.rename)
  }

  async replaceText(key: string, text: string): Promise<void> {
    await this.writeAtomically(key, text, this.disk.rename)
  }

  claim(key: string): Promise<boolean> {
    return this.guard(key, async () => {
      const path = await this.ensureParent(key)
      const handle = await this.disk.create(path).catch(ignoreCodes(null, 'EEXIST'))
      await handle?.close()
      await syncUpTo(this.disk, this.root, dirname(path))
      return handle !== null
    })
  }

  list(prefix: string): Promise<string[]> {
    return this.guard(prefix, async () => {
      const path = pathOf(this.root, prefix)
      const names = await readdir(path).catch(error =>
        errorCode(error) === 'ENOENT' ? [] : rethrowListDamage(prefix, error),
      )
      return names.filter(isKeySegment).sort()
    })
  }

  stage(): Promise<string> {
    return withStorageErrors(async () => {
      const folder = this.tempPath()
      await this.disk.mkdir(folder).catch(async error => {
        if (!isPathError(error)) throw error
        // something else is in the place of the staging folder: this says what
        await createStaging(this.root)
        throw error
      })
      return folder
    })
  }

  discard(staged: string): Promise<void> {
    return withStorageErrors(() => rm(this.assertStaged(staged), { recursive: true, force: true }))
  }

  commit(staged: string, key: string, manifest: object): Promise<boolean> {
    return this.guard(key, async () => {
      const path = await this.ensureParent(key)
      await writeManifest(this.disk, this.assertStaged(staged), manifest)
      const move = () =>
        this.disk
          .rename(staged, path)
          .then(() => true, ignoreCodes(false, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'))
      let committed = await move()
      if (!committed && !(await this.verify(key))) {
        // what exists is damaged, and the caller has the same content intact
        await this.remove(key)
        committed = await move()
      }
      // Flushed even if another commit came first: the answer promises that the key exists.
      await syncUpTo(this.disk, this.root, dirname(path))
      if (committed) return true
      await this.discard(staged)
      return false
    })
  }

  shareFile(key: string, file: string, staged: string, to: string): Promise<void> {
    return this.guard(key, async () => {
      const from = pathOf(this.root, `${key}/${file}`)
      const target = pathOf(this.assertStaged(staged), to)
      await shareIntoStaging(this.disk, from, target)
    })
  }

  readManifest<T>(key: string, shape?: Shape<T>): Promise<CommittedFolder<T> | null> {
    return withStorageErrors(() => {
      const path = pathOf(this.root, key)
      return this.fileCache.read(join(path, manifestName), () => readManifestFile(path, key, shape))
    })
  }

  assertIntact(key: string): Promise<void> {
    return withStorageErrors(() => this.verifiedFolders.assertIntact(pathOf(this.root, key), key))
  }

  async verify(key: string): Promise<boolean> {
    return (await this.assertIntact(key).then(() => true, nullIfDamaged)) ?? false
  }

  async folder(key: string): Promise<string> {
    return pathOf(this.root, key)
  }

  append(key: string, content: string | Uint8Array): Promise<void> {
    return this.guard(key, async () => {
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
    return this.guard(key, async () => {
      const path = pathOf(this.root, key)
      const found = await sync(this.disk, path).then(
        () => true,
        ignoreCodes(false, 'ENOENT', 'ENOTDIR'),
      )
      if (found) await syncUpTo(this.disk, this.root, dirname(path))
    })
  }

  /** The system writes them back. */
  async syncAll(): Promise<void> {}

  async closeLogs(): Promise<void> {}

  async logFile(key: string): Promise<string> {
    return pathOf(this.root, key)
  }

  async *entries(): AsyncGenerator<StoreEntry> {
    for (const folder of storeFolders) yield* folderEntries(this.root, folder)
  }

  readFrom(key: string, offset: number, length = Number.POSITIVE_INFINITY): Promise<Buffer> {
    return withStorageErrors(async () => {
      const handle = await openRegularFile(pathOf(this.root, key), key).catch(error =>
        errorCode(error) === 'ENOENT' ? null : rethrowDamage(key, error),
      )
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
      const found = await stat(pathOf(this.root, key)).catch(error =>
        errorCode(error) === 'ENOENT' ? null : rethrowDamage(key, error),
      )
      return found?.size ?? 0
    })
  }

  bytesBelow(key: string): Promise<number> {
    return withStorageErrors(() => bytesBelow(pathOf(this.root, key)))
  }

  link(key: string, target: string): Promise<void> {
    return this.guard(key, async () => {
      const path = await this.ensureParent(key)
      // relative, so that it is right in a copy of the data folder too
      const to = relative(dirname(path), pathOf(this.root, target))
      await this.disk.symlink(to, path).catch(ignoreCodes(undefined, 'EEXIST'))
    })
  }

  remove(key: string): Promise<void> {
    return this.guard(key, async () => {
      const path = pathOf(this.root, key)
      const trash = this.tempPath()
      // The rename removes everything at once. After a crash here, the next sweep of staging deletes it.
      const isThere = await lstat(path).then(() => true, ignoreCodes(false, 'ENOENT', 'ENOTDIR'))
      if (!isThere) return
      const found = await this.withStaging(() => this.disk.rename(path, trash)).then(
        () => true,
        ignoreCodes(false, 'ENOENT'),
      )
      if (!found) return
      await syncUpTo(this.disk, this.root, dirname(path))
      await rm(trash, { recursive: true, force: true })
    })
  }

  sweep(): Promise<void> {
    return sweepStaging(this.root)
  }

  /** The disk of the data folder is all there is. */
  async problem(): Promise<string | null> {
    return null
  }

  /** Writes a temporary file and then moves it into place, so that no reader sees half a file. */
  private writeAtomically<T>(
    key: string,
    text: string,
    moveIntoPlace: (temporary: string, path: string) => Promise<T>,
  ): Promise<T> {
    return this.guard(key, async () => {
      const temporary = this.tempPath()
      try {
        // first, so that on a full disk no empty folder of the key remains
        await writeDurably(this.disk, temporary, text)
        const path = await this.ensureParent(key)
        const result = await moveIntoPlace(temporary, path)
        await syncUpTo(this.disk, this.root, dirname(path))
        return result
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {})
        throw error
      }
    })
  }

  private async ensureParent(key: string): Promise<string> {
    const path = pathOf(this.root, key)
    const parent = dirname(path)
    await this.disk.mkdir(parent).catch(error => {
      // EEXIST: a file is in its place; ENOENT: a link that leads nowhere
      if (!['EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) rethrowDamage(key, error)
      throw new DamagedError(relative(this.root, parent), 'is no folder', error)
    })
    return path
  }

  /** Creates the staging folder again if it has been removed. */
  private withStaging<T>(operation: () => Promise<T>): Promise<T> {
    return operation().catch(async error => {
      if (!isPathError(error)) throw error
      await createStaging(this.root)
      return operation()
    })
  }

  /** If a folder was replaced and a path leads nowhere, the key is damaged. */
  private guard<T>(key: string, operation: () => Promise<T>): Promise<T> {
    return withStorageErrors(async () => {
      try {
        return await operation()
      } catch (error) {
        if (!isPathError(error)) throw error
        throw new DamagedError(key, `cannot be reached or written (${errorCode(error)})`, error)
      }
    })
  }

  private tempPath(): string {
    return join(this.staging, tempName())
  }

  private assertStaged(staged: string): string {
    if (dirname(resolve(staged)) === this.staging) return staged
    throw new Error(`${staged} was not staged by this store`)
  }
}

function rethrowListDamage(prefix: string, error: unknown): never {
  if (errorCode(error) === 'ENOTDIR') throw new DamagedError(prefix, 'is not a folder', error)
  return rethrowDamage(prefix, error)
}
