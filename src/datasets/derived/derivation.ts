import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'
import type { DatasetStep } from '../../spec/dataset-steps.js'
import type { ReportProgress } from '../conversion-input.js'
import type { DatasetLimits } from '../limits.js'
import type { Derived } from './derived-content.js'
import type { SourceDataset } from './source-dataset.js'

/** What a derivation needs; its data sets are complete. */
export interface DerivationTask {
  source: SourceDataset
  steps: readonly DatasetStep[]
  /** The data sets that the steps name by their ids. */
  others: readonly SourceDataset[]
  /** The folder that gets `shards/`. */
  folder: string
  limits: DatasetLimits
}

/**
 * Makes a data set of another one. The same steps on the same data set make the same. Throws INVALID_STEPS with
 * the fields of the first step that cannot be done.
 */
export async function derive(
  task: DerivationTask,
  report: ReportProgress = () => {},
): Promise<Derived<DatasetManifest>> {
  const { source, steps, others, folder, limits } = task
  const find = (id: string) => others.find(({ manifest }) => manifest.id === id) ?? null
  const options = { steps, find, folder, report }
  if (source.manifest.kind === 'images') {
    const { deriveImages } = await import('./images/derive-images.js')
    return deriveImages({ ...options, source: source as SourceDataset<ImagesManifest> })
  }
  const { deriveTable } = await import('./tables/derive-table.js')
  return deriveTable({ ...options, limits, source: source as SourceDataset<TableManifest> })
}
