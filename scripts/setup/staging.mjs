import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const prefix = 'staging-'

/** A scratch folder beside the places that its results are renamed to. */
export const stage = cache => mkdtemp(join(cache, prefix))

/** Removes what killed set-ups left; only for the holder of the lock. */
export async function clearStages(cache) {
  for (const name of await readdir(cache)) {
    if (name.startsWith(prefix)) await rm(join(cache, name), { recursive: true, force: true })
  }
}
