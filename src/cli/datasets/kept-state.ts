import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { hashOf } from '../../client/local/content.js'

/** The server removes an upload a day after its last byte. */
const keptMs = 24 * 60 * 60 * 1000

/** What the next run of the same command must know to go on: ids of uploads and imports, never a key. */
export class KeptState {
  private readonly folder: string

  constructor(environment: NodeJS.ProcessEnv) {
    const home = environment.HOME || homedir()
    const base = environment.XDG_STATE_HOME || join(home, '.local', 'state')
    this.folder = join(base, 'trainyard', 'uploads')
  }

  async get(about: readonly unknown[]): Promise<string | null> {
    return readFile(this.file(about), 'utf8').catch(() => null)
  }

  /** Returns why it could not be kept, or null. */
  async set(about: readonly unknown[], value: string): Promise<string | null> {
    const path = this.file(about)
    const next = `${path}.${process.pid}`
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 })
      await writeFile(next, value, { mode: 0o600 })
      await rename(next, path)
      return null
    } catch (error) {
      return `${this.folder}: ${(error as NodeJS.ErrnoException).code ?? error}`
    }
  }

  async delete(about: readonly unknown[]): Promise<void> {
    await rm(this.file(about), { force: true }).catch(() => {})
  }

  /** Removes what the server no longer has. */
  async removeOld(now = Date.now()): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => [])) {
      const path = join(this.folder, name)
      const found = await stat(path).catch(() => null)
      if (found && now - found.mtimeMs > keptMs) await rm(path, { force: true }).catch(() => {})
    }
  }

  private file(about: readonly unknown[]): string {
    return join(this.folder, hashOf(about))
  }
}
