import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const prefix = 'staging-'

/** A temporary folder in the file system that its results are renamed into. */
export const stage = cache => mkdtemp(join(cache, prefix))

/** Removes the temporary folders of killed set-ups. Only the holder of the lock may call this. */
export async function clearStages(cache) {
  for (const name of await readdir(cache)) {
    if (name.startsWith(prefix)) await rm(join(cache, name), { recursive: true, force: true })
  }
}
