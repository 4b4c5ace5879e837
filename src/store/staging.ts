import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isDead, leadingProcessId, ownProcessId } from '../processes.js'
import { ignoreCodes, withStorageErrors } from './storage-errors.js'

/** Nothing is staged for a day: what is older was left by a process that died, on whatever host. */
const staleMs = 24 * 60 * 60 * 1000

/** On the same file system as everything else, since what is staged leaves by rename and link. */
export const stagingFolder = (root: string): string => join(resolve(root), '.staging')

/** Named after its owner, so that a sweep knows whether anybody still works on it. */
export const tempName = (): string => `${ownProcessId}-${randomUUID()}`

export const createStaging = (root: string): Promise<unknown> =>
  withStorageErrors(() => mkdir(stagingFolder(root), { recursive: true }))

/** Removes what dead processes left: at once those of this host, by age those of others. */
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
  const entry = await stat(path).catch(ignoreCodes(null, 'ENOENT'))
  return entry !== null && Date.now() - entry.mtimeMs > staleMs
}
