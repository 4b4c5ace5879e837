import { mkdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Disk } from '../disk.js'
import { ensureFormatVersion, type OpenFor } from '../format-version.js'
import { parseRecord, serializeRecord } from '../record-file.js'
import type { Shape } from '../shape.js'
import { createStaging, stagingFolder, sweepStaging, tempName } from '../staging.js'
import { failureSince, withStorageErrors } from '../storage-errors.js'
import type { CommittedFolder, JsonOptions, Store, StoreEntry } from '../store.js'
import { bucketCopiesFolder, isKeySegment, pathOf, storeFolders } from '../store-key.js'
import { Bucket, type BucketPlace, type BucketTiming } from './bucket.js'
import { bucketEntries } from './bucket-entries.js'
import { BucketLogs } from './bucket-logs.js'
import { CommittedFolders } from './committed.js'
import { FolderCache } from './folder-cache.js'
import { sweepLeftovers } from './leftovers.js'
import { probe } from './probe.js'
import { BucketRecords } from './records.js'
import { Removals } from './removals.js'
import { filesPrefix, toCommitted } from './stored-manifest.js'

/** A removal or a log that nobody has touched for this time belongs to a process that died. */
const abandonedMs = 3600_000
const sweepMs = 6 * 3600_000

export interface BucketStoreOptions {
  place: BucketPlace
  /** The local folder for what is staged, for copies of committed folders, and for logs that grow. */
  dataFolder: string
  /** Bytes that the copies may take; null: half of the disk. */
  cacheBytes: number | null
  /** Whether this process ends with its task, and uses the folders that it asks for until then. */
  keepsFolders: boolean
  openFor?: OpenFor
  timing?: Partial<BucketTiming>
}

/**
 * Opens a bucket as the store. Any number of processes on any hosts may share it. Throws STORE_UNSUITABLE if it does
 * not do what it must, and STORAGE_FAILED if it does not answer.
 */
export async function openBucketStore(options: BucketStoreOptions, disk: Disk): Promise<Store> {
  const store = new BucketStore(options, disk)
  await store.open()
  return store
}

class BucketStore implements Store {
  private readonly bucket: Bucket
  /** Tries nothing again: who asks whether the bucket answers does not wait for it. */
  private readonly asker: Bucket
  private readonly staging: string
  private readonly records: BucketRecords
  private readonly cache: FolderCache
  private readonly committed: CommittedFolders
  private readonly logs: BucketLogs
  private readonly removals: Removals
  private askedAt = performance.now()

  constructor(
    private readonly options: BucketStoreOptions,
    disk: Disk,
  ) {
    const { dataFolder, place, cacheBytes, keepsFolders } = options
    this.bucket = new Bucket(place, options.timing)
    this.asker = new Bucket(place, { retryDelaysMs: [], silenceMs: 5000 })
    this.staging = stagingFolder(dataFolder)
    const folder = bucketCopiesFolder(resolve(dataFolder))
    const local = { folder, staging: this.staging }
    this.records = new BucketRecords(this.bucket)
    this.cache = new FolderCache(this.bucket, { ...local, maxBytes: cacheBytes, keepsFolders })
    this.committed = new CommittedFolders(this.bucket, this.records, this.cache, disk)
    this.logs = new BucketLogs(this.bucket, { ...local, folder: join(folder, 'logs'), disk })
    this.removals = new Removals(this.bucket)
  }

  async open(): Promise<void> {
    await createStaging(this.options.dataFolder)
    await probe(this.bucket)
    await ensureFormatVersion(this, this.bucket.label, { openFor: this.options.openFor })
    await sweepStaging(this.options.dataFolder)
    // processes that end with their task leave it to those that stay
    if (this.options.keepsFolders) return
    const sweep = () => void this.sweepBucket().catch(() => {})
    sweep()
    setInterval(sweep, sweepMs).unref()
  }

  readJson<T>(key: string, shape?: Shape<T>): Promise<T | null> {
    return this.run(key, () => this.records.read(key, text => parseRecord(text, key, { shape })))
  }

  readJsonCached<T>(key: string, shape?: Shape<T>): Promise<T | null> {
    return this.run(key, () =>
      this.records.readCached(key, text => parseRecord(text, key, { shape })),
    )
  }

  createJson<T = never>(
    key: string,
    value: NoInfer<T>,
    { checksum = true }: JsonOptions = {},
  ): Promise<boolean> {
    return this.run(key, () => this.bucket.create(key, serializeRecord(value, checksum)))
  }

  async replaceJson<T = never>(
    key: string,
    value: NoInfer<T>,
    { checksum = true }: JsonOptions = {},
  ): Promise<void> {
    await this.run(key, () => this.bucket.put(key, serializeRecord(value, checksum)))
  }

  replaceText(key: string, text: string): Promise<void> {
    return this.run(key, async () => {
      if (!(await this.logs.replace(key, text))) await this.bucket.put(key, text)
    })
  }

  claim(key: string): Promise<boolean> {
    return this.run(key, () => this.bucket.create(key, ''))
  }

  list(prefix: string): Promise<string[]> {
    return this.run(prefix, async () => {
      const names = await this.bucket.names(`${prefix}/`)
      return [...names].filter(isKeySegment).sort()
    })
  }

  stage(): Promise<string> {
    return withStorageErrors(async () => {
      const folder = join(this.staging, tempName())
      await mkdir(folder, { recursive: true })
      return folder
    })
  }

  discard(staged: string): Promise<void> {
    this.committed.forget(this.assertStaged(staged))
    return withStorageErrors(() => rm(staged, { recursive: true, force: true }))
  }

  commit(staged: string, key: string, manifest: object): Promise<boolean> {
    return this.run(key, async () => {
      const stored = await this.committed.commit(this.assertStaged(staged), key, manifest)
      if (stored) await this.cache.adopt(staged, stored)
      else await this.discard(staged)
      return stored !== null
    })
  }

  shareFile(key: string, file: string, staged: string, to: string): Promise<void> {
    return this.run(key, () => this.committed.share(key, file, this.assertStaged(staged), to))
  }

  readManifest<T>(key: string, shape?: Shape<T>): Promise<CommittedFolder<T> | null> {
    return this.run(key, async () => {
      const stored = await this.committed.find(key)
      return stored && toCommitted(stored, key, shape)
    })
  }

  assertIntact(key: string): Promise<void> {
    return this.run(key, () => this.committed.assertIntact(key))
  }

  verify(key: string): Promise<boolean> {
    return this.run(key, () => this.committed.isIntact(key))
  }

  folder(key: string): Promise<string> {
    return this.run(key, () => this.committed.folder(key))
  }

  append(key: string, content: string | Uint8Array): Promise<void> {
    return this.run(key, () => this.logs.append(key, content))
  }

  sync(key: string): Promise<void> {
    return this.run(key, () => this.logs.sync(key))
  }

  syncAll(): Promise<void> {
    return withStorageErrors(() => this.logs.syncAll())
  }

  closeLogs(prefix: string): Promise<void> {
    return this.run(prefix, () => this.logs.close(prefix))
  }

  logFile(key: string): Promise<string> {
    return this.run(key, () => this.logs.file(key))
  }

  readFrom(key: string, offset: number, length = Number.POSITIVE_INFINITY): Promise<Buffer> {
    return this.run(key, () => this.logs.read(key, offset, length))
  }

  size(key: string): Promise<number> {
    return this.run(key, () => this.logs.size(key))
  }

  bytesBelow(key: string): Promise<number> {
    return this.run(key, async () => {
      let bytes = 0
      for (const prefix of [`${key}/`, filesPrefix(key)]) {
        for await (const object of this.bucket.list(prefix)) bytes += object.bytes
      }
      return bytes
    })
  }

  async link(key: string, target: string): Promise<void> {
    await this.createJson<{ link: string }>(key, { link: target })
  }

  remove(key: string): Promise<void> {
    return this.run(key, async () => {
      await this.removals.remove(key)
      await this.logs.remove(key)
    })
  }

  async *entries(): AsyncGenerator<StoreEntry> {
    for (const folder of storeFolders) yield* bucketEntries(this.bucket, this.records, folder)
  }

  async sweep(): Promise<void> {
    await sweepStaging(this.options.dataFolder)
  }

  async problem(): Promise<string | null> {
    if (!failureSince(this.askedAt)) return null
    const startedAt = performance.now()
    const place = `${this.bucket.label} (${this.options.place.endpoint ?? 'Amazon S3'})`
    try {
      await this.asker.put('.alive', '')
    } catch (error) {
      return `the store ${place} takes no writes (${(error as Error).message})`
    }
    this.askedAt = startedAt
    return null
  }

  private async sweepBucket(): Promise<void> {
    await this.logs.sweep(abandonedMs)
    await this.removals.resume(abandonedMs)
    await sweepLeftovers(this.bucket)
  }

  /** Checks the key, and turns errors of the local disk into those of a store. */
  private run<T>(key: string, operation: () => Promise<T>): Promise<T> {
    return withStorageErrors(async () => {
      pathOf('/', key)
      return operation()
    })
  }

  private assertStaged(staged: string): string {
    if (dirname(resolve(staged)) === this.staging) return staged
    throw new Error(`${staged} was not staged by this store`)
  }
}
