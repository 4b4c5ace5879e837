import { access, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { rethrowDamage } from '../../store/record-file.js'
import { ignoreCodes, withStorageErrors } from '../../store/storage-errors.js'

/** Another replica may have ended a session; it is asked for again after this time. */
const freshMs = 2000
const maxRemembered = 10_000
const sweepMs = 3600_000

const root = 'ended-sessions'

/**
 * The sessions that were signed out, as empty files that all replicas see. Without them, a copy of a cookie would
 * stay valid until it expires. A session is renewed under its id, so its end ends all copies.
 */
export class EndedSessions {
  private readonly folder: string
  private readonly answers = lru<boolean>(maxRemembered, freshMs)
  private sweptAt = 0

  /** `keptMs`: after this time, no copy of the cookie can be valid. */
  constructor(
    dataFolder: string,
    private readonly keptMs: number,
  ) {
    this.folder = join(dataFolder, root)
  }

  async has(id: string): Promise<boolean> {
    const known = this.answers.get(id)
    if (known !== undefined) return known
    const found = await withStorageErrors(() =>
      access(join(this.folder, id)).then(() => true, ignoreCodes(false, 'ENOENT')),
    ).catch(error => rethrowDamage(root, error))
    this.answers.set(id, found)
    return found
  }

  async add(id: string): Promise<void> {
    await withStorageErrors(async () => {
      // what else has the name is told by the next line
      await mkdir(this.folder, { mode: 0o700 }).catch(ignoreCodes(undefined, 'EEXIST'))
      await writeFile(join(this.folder, id), '', { mode: 0o600, flush: true })
      this.answers.set(id, true)
      await this.sweep()
    }).catch(error => rethrowDamage(root, error))
  }

  private async sweep(): Promise<void> {
    const now = Date.now()
    if (now - this.sweptAt < sweepMs) return
    this.sweptAt = now
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name)
      // another replica may have removed it
      const written = await stat(path).catch(ignoreCodes(null, 'ENOENT'))
      if (written && now - written.mtimeMs > this.keptMs) await rm(path, { force: true })
    }
  }
}
