// Committed folders in a bucket: the files first, each upload below a name of its own, and the manifest last.
import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import { DamagedError, nullIfDamaged } from '../../errors.js'
import { readManifestFile, writeManifest } from '../committed-folder.js'
import type { Disk } from '../disk.js'
import { shareIntoStaging } from '../staging.js'
import { pathOf } from '../store-key.js'
import type { Bucket } from './bucket.js'
import type { FolderCache } from './folder-cache.js'
import type { BucketRecords } from './records.js'
import {
  filesPrefix,
  manifestKey,
  parseStoredManifest,
  type StoredFile,
  type StoredManifest,
  serializeManifest,
} from './stored-manifest.js'
import { upload } from './transfers.js'

const uploadsAtOnce = 4
/** S3 copies no larger object in one request. */
const maxCopiedBytes = 5 * 2 ** 30

/** An object with the content of a staged file. */
interface Source {
  object: string
  sha256: string
}

export class CommittedFolders {
  /** What staged files share with committed ones, by staged folder and name. */
  private readonly shared = new Map<string, Map<string, Source>>()

  constructor(
    private readonly bucket: Bucket,
    private readonly records: BucketRecords,
    private readonly cache: FolderCache,
    private readonly disk: Disk,
  ) {}

  /** Throws a DamagedError if the manifest is damaged. */
  find(key: string): Promise<StoredManifest | null> {
    return this.records.readCached(manifestKey(key), text => parseStoredManifest(text, key))
  }

  async folder(key: string): Promise<string> {
    const stored = await this.find(key)
    // nothing is there
    return stored ? this.cache.get(key, stored) : this.cache.pathOf('none')
  }

  /** Returns null if `key` exists intact: then the staged folder is the caller's to discard. */
  async commit(staged: string, key: string, manifest: object): Promise<StoredManifest | null> {
    if (await this.isIntact(key)) return null
    await writeManifest(this.disk, staged, manifest)
    const entries = (await readManifestFile(staged, key))!.files
    const name = `${Date.now().toString(36)}-${randomUUID()}`
    const prefix = filesPrefix(key, name)
    const files: StoredFile[] = []
    const shared = this.shared.get(staged)
    await pLimit(uploadsAtOnce).map(entries, async (entry, i) => {
      const source = shared?.get(entry.name)
      const isShared = source?.sha256 === entry.sha256 && entry.bytes <= maxCopiedBytes
      const to = prefix + entry.name
      const etag = isShared
        ? await this.bucket.copy(source.object, to)
        : await upload(this.bucket, pathOf(staged, entry.name), to)
      files[i] = { ...entry, etag }
    })
    this.shared.delete(staged)
    const stored = { manifest, files, upload: name }
    const text = serializeManifest(stored)
    if (await this.bucket.create(manifestKey(key), text)) return stored
    if (!(await this.isIntact(key))) {
      // what exists is damaged, and the caller has the same content intact
      await this.bucket.delete([manifestKey(key)])
      if (await this.bucket.create(manifestKey(key), text)) return stored
    }
    // no manifest names them
    if (files.length > 0) await this.bucket.delete(files.map(file => prefix + file.name))
    return null
  }

  /** Puts a file of a committed folder into a staged one. Its commit copies the object within the bucket. */
  async share(key: string, file: string, staged: string, to: string): Promise<void> {
    const stored = await this.find(key)
    const entry = stored?.files.find(({ name }) => name === file)
    if (!stored || !entry) throw new DamagedError(`${key}/${file}`, 'is missing')
    const from = pathOf(await this.cache.get(key, stored), file)
    await shareIntoStaging(this.disk, from, pathOf(staged, to))
    const files = this.shared.get(staged) ?? new Map<string, Source>()
    files.set(to, { object: filesPrefix(key, stored.upload) + file, sha256: entry.sha256 })
    this.shared.set(staged, files)
  }

  forget(staged: string): void {
    this.shared.delete(staged)
  }

  /**
   * Compares what the bucket lists with the manifest: sizes, and ETags, which change with the content. Contents are
   * compared with their SHA-256 when they are downloaded.
   */
  async assertIntact(key: string): Promise<void> {
    const stored = await this.find(key)
    if (!stored) throw new DamagedError(manifestKey(key), 'is missing')
    const prefix = filesPrefix(key, stored.upload)
    const found = new Map<string, { bytes: number; etag: string }>()
    if (stored.files.length > 0) {
      for await (const object of this.bucket.list(prefix))
        found.set(object.key.slice(prefix.length), object)
    }
    for (const { name, bytes, etag } of stored.files) {
      const object = found.get(name)
      const file = `${key}/${name}`
      if (!object) throw new DamagedError(file, 'is missing')
      if (object.bytes !== bytes)
        throw new DamagedError(file, `has ${object.bytes} bytes instead of ${bytes}`)
      if (object.etag !== etag) throw new DamagedError(file, 'was replaced')
    }
  }

  async isIntact(key: string): Promise<boolean> {
    return (await this.assertIntact(key).then(() => true, nullIfDamaged)) ?? false
  }
}
