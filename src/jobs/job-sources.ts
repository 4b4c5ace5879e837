import type { JobManifest } from '../spec/job.js'

// What a job reads while it trains: it cannot be deleted before the job has ended.

/** Whether a job uses the data set, to train or to validate. */
export function usesDataset({ dataset, training }: JobManifest, id: string): boolean {
  const validation = 'dataset' in training.validation ? training.validation.dataset : null
  return dataset.id === id || validation === id
}

/** Whether a job starts from the weights. */
export const usesWeights = ({ initFrom }: JobManifest, id: string): boolean =>
  !!initFrom && 'weights' in initFrom && initFrom.weights === id

/** Whether a job starts from the version of the model; without one, from any version. */
export const usesModel = ({ initFrom }: JobManifest, name: string, version?: number): boolean =>
  !!initFrom &&
  'model' in initFrom &&
  initFrom.model === name &&
  (version === undefined || initFrom.version === version)
