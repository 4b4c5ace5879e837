import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DamagedError } from '../errors.js'
import { manifestName } from './committed-folder.js'
import { ignoreCodes } from './storage-errors.js'
import type { StoreEntry } from './store.js'
import { isKeySegment } from './store-key.js'

/** What lies below a key of a data folder. */
export async function* folderEntries(root: string, key: string): AsyncGenerator<StoreEntry> {
  const found = await readdir(join(root, key), { withFileTypes: true }).catch(
    ignoreCodes([], 'ENOENT'),
  )
  if (found.some(({ name }) => name === manifestName) && (await isCommitted(root, key))) {
    yield { kind: 'folder', key }
    return
  }
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!isKeySegment(entry.name)) continue
    const below = `${key}/${entry.name}`
    if (entry.isDirectory()) yield* folderEntries(root, below)
    else if (entry.isFile()) yield { kind: 'file', key: below }
  }
}

/** The manifest of a committed folder lists its files; that of a job is a record. */
async function isCommitted(root: string, key: string): Promise<boolean> {
  const manifest = `${key}/${manifestName}`
  const text = await readFile(join(root, manifest), 'utf8')
  try {
    return Array.isArray(JSON.parse(text).files)
  } catch (error) {
    throw new DamagedError(manifest, `is no JSON: ${(error as Error).message}`)
  }
}
