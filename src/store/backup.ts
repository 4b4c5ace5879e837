import { copyFile, lstat, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { TrainyardError } from '../errors.js'
import { errorCode, ignoreCodes, withStorageErrors } from './storage-errors.js'

export interface BackupReport {
  files: number
  bytes: number
}

const formatFile = 'format.json'

/**
 * Names below the data folder in the order of their copies. What is named comes after what names it: if a job that
 * ends during the copy has its end in the copy, it has its model too. A message that is not in the copy is sent
 * again. Other names come before the last; a folder without `format.json` is not used, so half a copy is not either.
 */
const firstNames = [
  'webhooks',
  'jobs',
  'idempotency',
  'datasets',
  'weights',
  'model-records',
  'models',
]
/** Redis is rebuilt from the rest, and uploads in parts can be sent again. Names that begin with a dot are files that are not complete. */
const leftOut = ['redis', 'uploads', formatFile]
/** Its links lead to jobs, which are copied in their place. A server makes them again at its start. */
const linksFolder = 'tensorboard/'

/** How often a folder is listed whose entries are removed while they are copied. */
const maxRounds = 20

/**
 * Copies a data folder, also while servers use it: everything that they had confirmed before the call is in the
 * copy. `target` must be new or empty; it is complete once this has returned. `onCopied` is called after each
 * file and folder with its path below the data folder. Throws DATA_FOLDER_FORMAT if there is no data folder,
 * INVALID_CONFIGURATION if the target cannot be used, and STORAGE_FULL or STORAGE_FAILED if a disk fails.
 */
export function backUp(
  dataFolder: string,
  target: string,
  onCopied: (path: string) => void | Promise<void> = () => {},
): Promise<BackupReport> {
  return withStorageErrors(async () => {
    await assertDataFolder(dataFolder)
    await prepareTarget(dataFolder, target)
    const copier = new Copier(dataFolder, target, onCopied)
    const present = (await readdir(dataFolder)).filter(name => !name.startsWith('.'))
    const others = present.filter(name => ![...firstNames, ...leftOut].includes(name)).sort()
    for (const name of [...firstNames, ...others, formatFile]) {
      await (name === 'jobs' ? copier.copyJobs() : copier.copy(name))
    }
    return copier.report
  })
}

async function assertDataFolder(folder: string): Promise<void> {
  const found = await stat(join(folder, formatFile)).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
  if (found) return
  const message = `${folder} is no data folder: it has no ${formatFile}; set TRAINYARD_DATA to the folder of the server`
  throw new TrainyardError('DATA_FOLDER_FORMAT', message)
}

async function prepareTarget(dataFolder: string, target: string): Promise<void> {
  const refuse = (reason: string): never => {
    const message = `cannot copy to ${target}: it ${reason}; name a new folder outside the data folder`
    throw new TrainyardError('INVALID_CONFIGURATION', message)
  }
  if (`${resolve(target)}${sep}`.startsWith(`${resolve(dataFolder)}${sep}`))
    refuse('is in the data folder')
  // not with its parents: the disk for backups may not be mounted
  await mkdir(target, { mode: 0o700 }).catch(async error => {
    const exists = await stat(target).then(
      found => found.isDirectory(),
      () => false,
    )
    if (!exists) refuse(`cannot be created (${errorCode(error)})`)
  })
  // such as a link that leads into the data folder
  const [real, realData] = await Promise.all([realpath(target), realpath(dataFolder)])
  if (`${real}${sep}`.startsWith(`${realData}${sep}`)) refuse('is in the data folder')
  if ((await readdir(target)).length > 0) refuse('is not empty')
}

/** Copies by path below both folders. Files and folders that are removed meanwhile are left out. */
class Copier {
  readonly report: BackupReport = { files: 0, bytes: 0 }

  constructor(
    private readonly source: string,
    private readonly target: string,
    private readonly onCopied: (path: string) => void | Promise<void>,
  ) {}

  /**
   * Copies the journal of each job last: an attempt writes to its folder after its start is in the journal, so a
   * journal that is older than the rest would lack entries.
   */
  async copyJobs(): Promise<void> {
    const ids = await readdir(join(this.source, 'jobs')).catch(ignoreCodes([], 'ENOENT'))
    await mkdir(join(this.target, 'jobs'), { mode: 0o700 })
    for (const id of ids) await this.copy(`jobs/${id}`, 'journal')
    await this.onCopied('jobs')
  }

  /** Copies a file or a folder, of whose names `last` comes last. */
  async copy(path: string, last?: string): Promise<void> {
    const [from, to] = [join(this.source, path), join(this.target, path)]
    if (path.startsWith(linksFolder) && (await isLink(from))) return
    const entry = await stat(from).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
    if (entry?.isFile()) await this.copyFile(from, to)
    // a socket or a pipe is no data
    else if (!entry?.isDirectory()) return
    else {
      await mkdir(to, { mode: 0o700 })
      await this.copyEntries(path, last)
      if (last !== undefined) await this.copy(`${path}/${last}`)
      // a folder is removed as a whole, and then the copy must not have a part of it
      if (!(await this.exists(from))) return rm(to, { recursive: true, force: true })
    }
    await this.onCopied(path)
  }

  /** Where entries replace others, such as checkpoints, all that were listed may be gone: then it lists again. */
  private async copyEntries(path: string, except?: string): Promise<void> {
    const list = () => readdir(join(this.source, path)).catch(ignoreCodes([], 'ENOENT'))
    const copied = new Set(except === undefined ? [] : [except])
    for (let round = 0; round < maxRounds; round++) {
      const names = (await list()).filter(name => !copied.has(name))
      for (const name of names) {
        await this.copy(`${path}/${name}`)
        copied.add(name)
      }
      const left = new Set(await list())
      if (names.every(name => left.has(name))) return
    }
  }

  private async copyFile(from: string, to: string): Promise<void> {
    const copied = await copyFile(from, to).then(() => true, ignoreCodes(false, 'ENOENT'))
    if (!copied) return
    this.report.files++
    this.report.bytes += (await stat(to)).size
  }

  private exists(path: string): Promise<boolean> {
    return stat(path).then(() => true, ignoreCodes(false, 'ENOENT', 'ENOTDIR'))
  }
}

const isLink = (path: string) =>
  lstat(path).then(entry => entry.isSymbolicLink(), ignoreCodes(false, 'ENOENT', 'ENOTDIR'))
