import { type Disk, disk as realDisk } from './disk.js'
import { openFolderStore } from './folder-store.js'
import type { OpenFor } from './format-version.js'
import type { Store } from './store.js'

export interface StoreSettings {
  dataFolder: string
  /** The bucket that is the record; null: the data folder is. */
  store: { bucket: string; prefix: string } | null
  /** Bytes that local copies of a bucket's folders may take; null: half of the disk. */
  storeCacheBytes: number | null
  s3: { endpoint: string | null; region: string }
}

export interface OpenOptions {
  disk?: Disk
  /** Whether this process ends with its task, and uses the folders that it asks for until then. */
  keepsFolders?: boolean
  openFor?: OpenFor
}

/** Opens the store that the settings name. What a bucket needs is loaded only for one. */
export async function openStore(
  { dataFolder, store, storeCacheBytes, s3 }: StoreSettings,
  { disk = realDisk, keepsFolders = false, openFor = 'use' }: OpenOptions = {},
): Promise<Store> {
  if (store === null) return openFolderStore(dataFolder, disk, openFor)
  const { openBucketStore } = await import('./s3/bucket-store.js')
  const options = { place: { ...store, ...s3 }, dataFolder, cacheBytes: storeCacheBytes }
  return openBucketStore({ ...options, keepsFolders, openFor }, disk)
}
