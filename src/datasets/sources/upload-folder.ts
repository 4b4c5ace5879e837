import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreCodes, withStorageErrors } from '../../store/storage-errors.js'
import { displayName } from '../display-name.js'
import { identityOf } from '../input-file.js'
import type { SourceFile } from '../source-file.js'
import { uploadIncomplete, uploadNotFound } from './errors.js'

const partName = /^part-[0-9a-f]{32}$/
const uploadId = /^up-[0-9a-f]{32}$/
export const isUploadId = (text: string): boolean => uploadId.test(text)

/** An upload is removed so long after its last byte, complete or not. */
export const uploadExpiryMs = 24 * 60 * 60 * 1000

/** The folder of resumable uploads: for each a file with its bytes, and one with what the client said of it. */
export class UploadFolder {
  constructor(readonly path: string) {}

  /** Creates the folder, for the user of the server alone. */
  async open(): Promise<void> {
    await withStorageErrors(() => mkdir(this.path, { recursive: true, mode: 0o700 }))
  }

  async ids(): Promise<string[]> {
    const names = await readdir(this.path).catch(ignoreCodes([] as string[], 'ENOENT'))
    return names.filter(isUploadId)
  }

  /** Throws UPLOAD_NOT_FOUND or UPLOAD_INCOMPLETE. */
  async get(id: string): Promise<SourceFile> {
    const { size, name, identity } = await this.info(id)
    if (size !== identity.size) throw uploadIncomplete(id, identity.size, size)
    // another request may use it, and remove it
    return { name, path: join(this.path, id), identity }
  }

  /** The path of a file for a part that is to be checked before it belongs to its upload. */
  newPart(): string {
    return join(this.path, `part-${randomBytes(16).toString('hex')}`)
  }

  async remove(id: string): Promise<void> {
    if (!isUploadId(id)) return
    await rm(join(this.path, id), { force: true })
    await rm(join(this.path, `${id}.json`), { force: true })
  }

  /** Removes uploads whose last byte came long ago, and parts that a crash has left. Returns how many uploads. */
  async removeExpired(now = Date.now()): Promise<number> {
    let removed = 0
    for (const id of await this.ids()) {
      const found = await lstat(join(this.path, id)).catch(ignoreCodes(null, 'ENOENT'))
      if (!found || now - found.mtimeMs < uploadExpiryMs) continue
      await this.remove(id)
      removed++
    }
    await this.removeParts(now)
    return removed
  }

  private async removeParts(now: number): Promise<void> {
    const names = await readdir(this.path).catch(ignoreCodes([] as string[], 'ENOENT'))
    for (const name of names.filter(each => partName.test(each))) {
      const path = join(this.path, name)
      const found = await lstat(path).catch(ignoreCodes(null, 'ENOENT'))
      if (found && now - found.mtimeMs >= uploadExpiryMs) await rm(path, { force: true })
    }
  }

  private async info(id: string) {
    if (!isUploadId(id)) throw uploadNotFound(id)
    const found = await lstat(join(this.path, id)).catch(ignoreCodes(null, 'ENOENT'))
    const text = await readFile(join(this.path, `${id}.json`), 'utf8').catch(
      ignoreCodes(null, 'ENOENT'),
    )
    if (!found?.isFile() || text === null) throw uploadNotFound(id)
    const { size, metadata } = parseInfo(text)
    return {
      identity: identityOf(found),
      size: typeof size === 'number' ? size : null,
      name: displayName(String(metadata?.filename ?? metadata?.name ?? id)),
    }
  }
}

interface UploadInfo {
  size?: unknown
  metadata?: Record<string, unknown> | null
}

/** What the tus server has written; an empty object if it was interrupted. */
function parseInfo(text: string): UploadInfo {
  try {
    return Object(JSON.parse(text)) as UploadInfo
  } catch {
    return {}
  }
}
