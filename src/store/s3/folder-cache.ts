// Local copies of committed folders, each below the name of its upload, so a copy never changes.
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import { DamagedError } from '../../errors.js'
import { isDead, leadingProcessId, ownProcessId } from '../../processes.js'
import { manifestName } from '../committed-folder.js'
import { assertRoom, roomAt } from '../disk-room.js'
import { tempName } from '../staging.js'
import { errorCode, ignoreCodes } from '../storage-errors.js'
import type { Bucket } from './bucket.js'
import { filesPrefix, localManifest, type StoredManifest } from './stored-manifest.js'
import { download } from './transfers.js'

const downloadsAtOnce = 4
/** Of the disk, if no size is set. */
const defaultShare = 0.5
/** A server process keeps a folder for this time after it has asked for it. */
const leaseMs = 6 * 3600_000
/** In the lease of a process that ends with its task, such as a trainer: it keeps its folders until then. */
const forLife = 'until the process ends'

export interface FolderCacheOptions {
  /** Below the data folder. */
  folder: string
  /** Where half-made copies are: on the same disk. */
  staging: string
  /** null: half of the disk. */
  maxBytes: number | null
  /** Whether this process ends with its task, and needs its folders until then. */
  keepsFolders: boolean
}

interface CachedCopy {
  upload: string
  bytes: number
  usedAt: number
}

/**
 * A folder is downloaded when it is asked for, and each file is checked by its SHA-256. The copies that were used
 * least recently are removed to make room; never one that a process which still runs has asked for lately.
 */
export class FolderCache {
  private readonly downloads = new Map<string, Promise<string>>()

  constructor(
    private readonly bucket: Bucket,
    private readonly options: FolderCacheOptions,
  ) {}

  /** Throws a DamagedError if a file does not match its checksum. */
  async get(key: string, stored: StoredManifest): Promise<string> {
    const { upload } = stored
    const path = this.pathOf(upload)
    // first, so that no other process removes it meanwhile
    await this.lease(upload)
    if (await this.isComplete(path, stored)) {
      const now = new Date()
      await utimes(path, now, now)
      return path
    }
    let running = this.downloads.get(upload)
    if (!running) {
      running = this.download(key, stored).finally(() => this.downloads.delete(upload))
      this.downloads.set(upload, running)
    }
    return running
  }

  /** Takes over a staged folder that has been committed. */
  async adopt(staged: string, stored: StoredManifest): Promise<void> {
    await this.lease(stored.upload)
    await writeFile(join(staged, manifestName), localManifest(stored))
    await this.moveIntoPlace(staged, stored.upload)
    await this.makeRoom(0)
  }

  async remove(upload: string): Promise<void> {
    await rm(this.pathOf(upload), { recursive: true, force: true })
    await rm(this.leasesOf(upload), { recursive: true, force: true })
  }

  /** Where a copy would be. */
  pathOf(upload: string): string {
    return join(this.options.folder, 'folders', upload)
  }

  private leasesOf(upload: string): string {
    return join(this.options.folder, 'leases', upload)
  }

  private async lease(upload: string): Promise<void> {
    const folder = this.leasesOf(upload)
    const text = this.options.keepsFolders ? forLife : ''
    const write = () => writeFile(join(folder, ownProcessId), text)
    await mkdir(folder, { recursive: true })
    // another process may have removed the folder of a copy that nobody used
    await write().catch(async error => {
      if (errorCode(error) !== 'ENOENT') throw error
      await mkdir(folder, { recursive: true })
      await write()
    })
  }

  private async isComplete(path: string, { files }: StoredManifest): Promise<boolean> {
    const isThere = (name: string) => stat(join(path, name)).catch(ignoreCodes(null, 'ENOENT'))
    if (!(await isThere(manifestName))) return false
    for (const { name, bytes } of files) if ((await isThere(name))?.size !== bytes) return false
    return true
  }

  private async download(key: string, stored: StoredManifest): Promise<string> {
    const { files, upload } = stored
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    await this.makeRoom(bytes)
    const { folder, staging } = this.options
    await mkdir(folder, { recursive: true })
    await assertRoom(folder, bytes, `the local copy of ${key}`)
    const temporary = join(staging, tempName())
    try {
      await mkdir(temporary, { recursive: true })
      await pLimit(downloadsAtOnce).map(files, async file => {
        const path = join(temporary, file.name)
        await mkdir(dirname(path), { recursive: true })
        const from = filesPrefix(key, upload) + file.name
        const sha256 = await download(this.bucket, from, path, file.bytes)
        if (sha256 === null) throw new DamagedError(`${key}/${file.name}`, 'is missing')
        if (sha256 !== file.sha256)
          throw new DamagedError(`${key}/${file.name}`, 'does not match its checksum')
      })
      await writeFile(join(temporary, manifestName), localManifest(stored))
      await this.moveIntoPlace(temporary, upload)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    return this.pathOf(upload)
  }

  private async moveIntoPlace(from: string, upload: string): Promise<void> {
    const path = this.pathOf(upload)
    await mkdir(dirname(path), { recursive: true })
    const move = () =>
      rename(from, path).then(() => true, ignoreCodes(false, 'ENOTEMPTY', 'EEXIST'))
    if (await move()) return
    // a copy of another process, or one that lost a file
    await rm(path, { recursive: true, force: true })
    await move()
  }

  /** Removes copies until `bytes` more fit. If all that is left is in use, the cache grows beyond its size. */
  async makeRoom(bytes: number): Promise<void> {
    const copies = (await this.list()).sort((a, b) => a.usedAt - b.usedAt)
    let used = copies.reduce((sum, copy) => sum + copy.bytes, 0)
    const limit = await this.limit()
    let room = await roomAt(this.options.staging).catch(ignoreCodes(null, 'ENOENT'))
    for (const copy of copies) {
      if (used + bytes <= limit && (room === null || room >= bytes)) return
      if (await this.isInUse(copy.upload)) continue
      await this.remove(copy.upload)
      used -= copy.bytes
      if (room !== null) room += copy.bytes
    }
  }

  private async limit(): Promise<number> {
    if (this.options.maxBytes !== null) return this.options.maxBytes
    const { blocks, bsize } = await statfs(this.options.staging)
    return blocks === 0 ? Number.POSITIVE_INFINITY : blocks * bsize * defaultShare
  }

  private async list(): Promise<CachedCopy[]> {
    const folder = join(this.options.folder, 'folders')
    const copies: CachedCopy[] = []
    for (const upload of await readdir(folder).catch(ignoreCodes<string[]>([], 'ENOENT'))) {
      const path = join(folder, upload)
      const entry = await stat(path).catch(ignoreCodes(null, 'ENOENT'))
      if (entry) copies.push({ upload, bytes: await sizeBelow(path), usedAt: entry.mtimeMs })
    }
    return copies
  }

  private async isInUse(upload: string): Promise<boolean> {
    const folder = this.leasesOf(upload)
    for (const name of await readdir(folder).catch(ignoreCodes<string[]>([], 'ENOENT'))) {
      const path = join(folder, name)
      const lease = await stat(path).catch(ignoreCodes(null, 'ENOENT'))
      const owner = leadingProcessId(name)
      if (lease === null || (owner !== null && isDead(owner))) continue
      const isForLife = (await readFile(path, 'utf8').catch(ignoreCodes('', 'ENOENT'))) === forLife
      if (isForLife || Date.now() - lease.mtimeMs < leaseMs) return true
    }
    return false
  }
}

async function sizeBelow(folder: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    ignoreCodes([], 'ENOENT'),
  )
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(ignoreCodes(null, 'ENOENT'))
    bytes += found?.size ?? 0
  }
  return bytes
}
