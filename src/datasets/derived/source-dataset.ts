import type { DatasetManifest } from '../../spec/dataset.js'

/** A data set that is complete, as the process that derives from it reads it. */
export interface SourceDataset<M extends DatasetManifest = DatasetManifest> {
  manifest: M
  /** The absolute path of its folder, which has `shards/`. */
  folder: string
}
