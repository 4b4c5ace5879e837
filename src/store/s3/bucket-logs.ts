// Logs grow on the local disk, from where they go to the bucket in parts: every few seconds, and when they must be
// durable. So a running job costs few requests, and all processes of this host read its rows at once.
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Disk } from '../disk.js'
import { append } from '../durable.js'
import { tempName } from '../staging.js'
import { ignoreCodes } from '../storage-errors.js'
import { pathOf } from '../store-key.js'
import type { Bucket } from './bucket.js'
import { LogSegments, segmentKey } from './log-segments.js'

/** What is not in the bucket yet is lost with the host; a trainer that dies loses nothing. */
const flushMs = 10_000
/** Longer logs stay in parts. */
const maxCompactedBytes = 64 * 2 ** 20

interface OpenLog {
  generation: number
  /** Bytes that are in the bucket. */
  uploaded: number
  timer: NodeJS.Timeout | null
}

export interface BucketLogsOptions {
  /** Of the local parts, below the data folder. */
  folder: string
  staging: string
  disk: Disk
}

export class BucketLogs {
  private readonly segments: LogSegments
  private readonly logs = new Map<string, OpenLog>()
  /** Changes of a log, one after another. */
  private readonly turns = new Map<string, Promise<unknown>>()

  constructor(
    private readonly bucket: Bucket,
    private readonly options: BucketLogsOptions,
  ) {
    this.segments = new LogSegments(bucket)
  }

  append(key: string, content: string | Uint8Array): Promise<void> {
    return this.inTurn(key, async () => {
      const log = await this.open(key)
      await append(this.options.disk, this.pathOf(key), content)
      log.timer ??= setTimeout(() => {
        // an error stays until the next flush: `sync` reports it
        void this.sync(key).catch(() => {
          log.timer = null
        })
      }, flushMs).unref()
    })
  }

  /** Uploads what is only on the disk. */
  sync(key: string): Promise<void> {
    return this.inTurn(key, async () => {
      const log = this.logs.get(key) ?? (await this.openIfLocal(key))
      if (log) await this.upload(key, log)
    })
  }

  /** Uploads all that this process has appended. */
  async syncAll(): Promise<void> {
    for (const key of this.logs.keys()) await this.sync(key)
  }

  /** Uploads the logs below a prefix, whoever of this host wrote them, each as one object, and ends their local copies. */
  async close(prefix: string): Promise<void> {
    for (const key of await this.localKeys(prefix)) {
      await this.sync(key)
      await this.inTurn(key, () => this.compact(key))
      this.end(key)
      await rm(this.pathOf(key), { force: true })
    }
  }

  /** Replaces the content of a log, if there is one of the key on this host. */
  async replace(key: string, text: string): Promise<boolean> {
    if (!this.logs.has(key)) return false
    await this.inTurn(key, async () => {
      const log = await this.open(key)
      await this.writeLocal(key, text)
      try {
        await this.replaceSegments(key, log, text)
      } catch (error) {
        // the next append begins with what the bucket has
        this.end(key)
        throw error
      }
    })
    return true
  }

  async read(key: string, offset: number, length: number): Promise<Buffer> {
    const local = await this.readLocal(key, offset, length)
    return local ?? this.segments.read(key, offset, length)
  }

  async size(key: string): Promise<number> {
    const local = await this.localSize(key)
    return local ?? this.segments.size(key)
  }

  /** The path of a file with the content. */
  async file(key: string): Promise<string> {
    const path = this.pathOf(key)
    if ((await this.localSize(key)) !== null) return path
    const copy = join(dirname(this.options.folder), 'log-copies', key)
    await mkdir(dirname(copy), { recursive: true })
    const temporary = join(this.options.staging, tempName())
    await writeFile(temporary, await this.segments.read(key, 0, Number.MAX_SAFE_INTEGER))
    await rename(temporary, copy)
    return copy
  }

  /** Forgets logs that have been removed. */
  async remove(prefix: string): Promise<void> {
    for (const key of this.logs.keys()) {
      if (key === prefix || key.startsWith(`${prefix}/`)) this.end(key)
    }
    await rm(this.pathOf(prefix), { recursive: true, force: true })
    await rm(join(dirname(this.options.folder), 'log-copies', prefix), {
      recursive: true,
      force: true,
    })
  }

  /** What processes of this host left behind that were killed: uploads it, and ends copies that are older than `ageMs`. */
  async sweep(ageMs: number): Promise<void> {
    for (const key of await this.localKeys('')) {
      const found = await stat(this.pathOf(key)).catch(ignoreCodes(null, 'ENOENT'))
      if (found && Date.now() - found.mtimeMs > ageMs) await this.close(key)
    }
  }

  private end(key: string): void {
    const log = this.logs.get(key)
    if (log?.timer) clearTimeout(log.timer)
    this.logs.delete(key)
    this.segments.forget(key)
  }

  /** A log that exists is continued where it ends. */
  private async open(key: string): Promise<OpenLog> {
    const known = this.logs.get(key)
    const size = await this.localSize(key)
    // the local copy is gone if another process has ended the log
    if (known && size !== null) return known
    const { generation, bytes } = await this.segments.list(key)
    // a copy that is shorter is of an earlier time
    if (size === null || size < bytes) {
      const content = bytes > 0 ? await this.segments.read(key, 0, bytes) : ''
      await this.writeLocal(key, content)
    }
    const log = { generation, uploaded: bytes, timer: known?.timer ?? null }
    this.logs.set(key, log)
    return log
  }

  private async openIfLocal(key: string): Promise<OpenLog | null> {
    return (await this.localSize(key)) === null ? null : this.open(key)
  }

  private async upload(key: string, log: OpenLog): Promise<void> {
    if (log.timer) clearTimeout(log.timer)
    log.timer = null
    for (;;) {
      const size = await this.localSize(key)
      // another process ended the log, and has uploaded it
      if (size === null) return
      const content = await this.readLocal(key, log.uploaded, size - log.uploaded)
      if (!content?.length) return
      const name = segmentKey(key, log.generation, log.uploaded)
      if (await this.bucket.create(name, content)) {
        log.uploaded += content.length
        return
      }
      await this.followOther(key, log)
    }
  }

  /** Another process has uploaded this part, or a part of another content: then ours comes after it. */
  private async followOther(key: string, log: OpenLog): Promise<void> {
    const stored = await this.segments.list(key)
    const content = await this.segments.read(key, 0, stored.bytes)
    const local = (await this.readLocal(key, 0, Number.MAX_SAFE_INTEGER)) ?? Buffer.alloc(0)
    const shared = local.subarray(0, content.length)
    if (!shared.equals(content.subarray(0, shared.length))) {
      await this.writeLocal(key, Buffer.concat([content, local.subarray(log.uploaded)]))
    }
    log.generation = stored.generation
    log.uploaded = stored.bytes
  }

  private async compact(key: string): Promise<void> {
    const { generation, segments, bytes } = await this.segments.list(key)
    if (segments.length < 2 || bytes > maxCompactedBytes) return
    const content = await this.segments.read(key, 0, bytes)
    const log = { generation, uploaded: bytes, timer: null }
    await this.replaceSegments(key, log, content)
  }

  /** One object of the next generation, and then the others go. */
  private async replaceSegments(
    key: string,
    log: OpenLog,
    content: string | Uint8Array,
  ): Promise<void> {
    const old = (await this.segments.list(key)).segments.map(({ name }) => name)
    await this.bucket.create(segmentKey(key, log.generation + 1, 0), content)
    log.generation++
    log.uploaded = Buffer.byteLength(content)
    this.segments.forget(key)
    if (old.length > 0) await this.bucket.delete(old)
  }

  private async writeLocal(key: string, content: string | Uint8Array): Promise<void> {
    const temporary = join(this.options.staging, tempName())
    const path = this.pathOf(key)
    await writeFile(temporary, content)
    await mkdir(dirname(path), { recursive: true })
    await rename(temporary, path)
  }

  private async readLocal(key: string, offset: number, length: number): Promise<Buffer | null> {
    const handle = await open(this.pathOf(key), 'r').catch(
      ignoreCodes(null, 'ENOENT', 'ENOTDIR', 'EISDIR'),
    )
    if (!handle) return null
    try {
      const found = await handle.stat()
      if (!found.isFile()) return null
      const buffer = Buffer.alloc(Math.max(0, Math.min(found.size - offset, length)))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  private async localSize(key: string): Promise<number | null> {
    const found = await stat(this.pathOf(key)).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
    return found?.isFile() ? found.size : null
  }

  private async localKeys(prefix: string): Promise<string[]> {
    const { folder } = this.options
    const path = prefix === '' ? folder : this.pathOf(prefix)
    const found = await stat(path).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
    if (!found) return []
    if (found.isFile()) return [prefix]
    const entries = await readdir(path, { withFileTypes: true, recursive: true })
    return entries
      .filter(entry => entry.isFile())
      .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  }

  private pathOf(key: string): string {
    return pathOf(this.options.folder, key)
  }

  private inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.turns.set(key, turn)
    const end = () => {
      if (this.turns.get(key) === turn) this.turns.delete(key)
    }
    turn.then(end, end)
    return turn
  }
}
