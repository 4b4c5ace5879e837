import { lru } from 'tiny-lru'
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'
import { readManifestFile } from '../../store/committed-folder.js'
import { datasetNotFound } from '../errors.js'

/** A data set as the preview process and exports read it. */
export interface StoredDataset<Manifest extends DatasetManifest = DatasetManifest> {
  manifest: Manifest
  /** The absolute path of its folder. */
  folder: string
  /** Its path within the data folder, for messages. */
  key: string
}

const kept = lru<StoredDataset>(16)

/** Throws DATASET_NOT_FOUND if the data set has been removed, and a DamagedError if its manifest is damaged. */
export async function readStoredDataset(folder: string, key: string): Promise<StoredDataset> {
  const found = await readManifestFile<DatasetManifest>(folder, key)
  if (!found) throw datasetNotFound(key.slice(key.lastIndexOf('/') + 1))
  const known = kept.get(key)
  if (known) return known
  const dataset = { manifest: found.manifest, folder, key }
  kept.set(key, dataset)
  return dataset
}

export function asImages(dataset: StoredDataset): StoredDataset<ImagesManifest> {
  if (dataset.manifest.kind !== 'images') throw new Error(`${dataset.key} has no images`)
  return dataset as StoredDataset<ImagesManifest>
}

export function asTable(dataset: StoredDataset): StoredDataset<TableManifest> {
  if (dataset.manifest.kind !== 'table') throw new Error(`${dataset.key} is no table`)
  return dataset as StoredDataset<TableManifest>
}
