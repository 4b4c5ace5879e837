import { DamagedError } from '../errors.js'
import type { Shape } from './shape.js'
import type { Store } from './store.js'

/**
 * Reads the manifest of a thing that is committed and removed as a whole, and whose manifest has its id.
 * Returns null if there is no such thing. Throws a DamagedError if the manifest is damaged, missing, or that of
 * another thing.
 */
export async function readManifestOf<T extends { id: string }>(
  store: Pick<Store, 'readManifest' | 'list'>,
  key: string,
  id: string,
  shape: Shape<T>,
): Promise<T | null> {
  const file = `${key}/manifest.json`
  const manifest = (await store.readManifest<T>(key, shape))?.manifest
  if (manifest?.id === id) return manifest
  if (manifest) throw new DamagedError(file, `is the manifest of ${manifest.id}`)
  const names = await store.list(key)
  if (names.length === 0 || names.includes('manifest.json')) return null
  throw new DamagedError(file, 'is missing')
}
