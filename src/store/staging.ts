import { randomUUID } from 'node:crypto'
import { copyFile, lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DamagedError } from '../errors.js'
import { isDead, leadingProcessId, ownProcessId } from '../processes.js'
import type { Disk } from './disk.js'
import { errorCode, ignoreCodes, isPathError, withStorageErrors } from './storage-errors.js'

/** No process needs a staged folder for a day, so an older one belongs to a process that died, on any host. */
const staleMs = 24 * 60 * 60 * 1000

/** On the same file system as the rest of the store, because `rename` and `link` cannot cross file systems. */
export const stagingFolder = (root: string): string => join(resolve(root), '.staging')

/** Contains the id of this process, so that a sweep can tell whether the owner still runs. */
export const tempName = (): string => `${ownProcessId}-${randomUUID()}`

/** Throws a DamagedError if something else is in its place. */
export const createStaging = (root: string): Promise<unknown> =>
  withStorageErrors(() =>
    mkdir(stagingFolder(root), { recursive: true }).catch(error => {
      if (!isPathError(error)) throw error
      throw new DamagedError('.staging', 'is not a folder', error)
    }),
  )

/**
 * Puts a file that never changes into a staged folder, whose commit makes it durable: by a second name, or as a copy
 * where the disk has no hard links or the file has as many as it may.
 */
export async function shareIntoStaging(disk: Disk, from: string, to: string): Promise<void> {
  await disk.mkdir(dirname(to))
  await disk.link(from, to).catch(error => {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error
    return copyFile(from, to)
  })
}

/**
 * Removes what dead processes left behind. A process of another host cannot be checked, so its folders
 * are removed by age.
 */
export function sweepStaging(root: string): Promise<void> {
  return withStorageErrors(async () => {
    const staging = stagingFolder(root)
    await createStaging(root)
    for (const name of await readdir(staging)) {
      const path = join(staging, name)
      if ((await isStale(path)) || isOrphaned(name))
        await rm(path, { recursive: true, force: true })
    }
  })
}

function isOrphaned(name: string): boolean {
  const owner = leadingProcessId(name)
  return owner !== null && isDead(owner)
}

async function isStale(path: string): Promise<boolean> {
  const entry = await lstat(path).catch(ignoreCodes(null, 'ENOENT'))
  return entry !== null && Date.now() - entry.mtimeMs > staleMs
}
