import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stagingFolder } from '../store/staging.js'

const checkIntervalMs = 1000

/**
 * Files that the server reads at its start and that nothing else could rebuild: without them the next
 * start would make other keys, or refuse the folder.
 */
const names = ['format.json', 'key', 'keys.json', 'webhook-secret']

/**
 * Keeps the small files at the top of the data folder in memory while the server runs, and writes a file
 * again if it is removed. Tells the operator, also if the data folder itself is gone.
 */
export class KeptFiles {
  private readonly contents = new Map<string, Buffer>()
  private readonly timer: NodeJS.Timeout
  private checking = false
  private isFolderMissing = false

  constructor(
    private readonly dataFolder: string,
    private readonly report: (line: string) => void,
  ) {
    this.timer = setInterval(() => void this.check(), checkIntervalMs).unref()
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async check(): Promise<void> {
    if (this.checking) return
    this.checking = true
    try {
      if (!(await this.checkFolder())) return
      await mkdir(stagingFolder(this.dataFolder)).catch(ignoreExisting)
      for (const name of names) await this.keep(name)
    } catch {
      // such as a full disk: the next check tries again
    } finally {
      this.checking = false
    }
  }

  /** Returns whether the data folder exists. */
  private async checkFolder(): Promise<boolean> {
    const isMissing = await access(this.dataFolder).then(() => false, isMissingError)
    if (isMissing !== this.isFolderMissing) {
      this.report(
        isMissing
          ? `the data folder ${this.dataFolder} is gone, and nothing can be stored: put it back (mount it, or restore a backup), or stop the server and start it with another TRAINYARD_DATA`
          : `the data folder ${this.dataFolder} is back`,
      )
    }
    this.isFolderMissing = isMissing
    return !isMissing
  }

  private async keep(name: string): Promise<void> {
    const path = join(this.dataFolder, name)
    try {
      this.contents.set(name, await readFile(path))
    } catch (error) {
      const content = this.contents.get(name)
      if (!isMissingError(error) || !content) return
      // exclusively: a process that has just created it wins
      await writeFile(path, content, { mode: 0o600, flag: 'wx', flush: true })
      this.report(`${path} was removed while the server runs, and has been written again`)
    }
  }
}

const isMissingError = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}
