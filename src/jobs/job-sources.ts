import { isPrediction, type JobManifest } from '../spec/job.js'

// What a job reads while it runs: it cannot be deleted before the job has ended.

/** Whether a job uses the data set, to train, to validate or to predict. */
export function usesDataset(job: JobManifest, id: string): boolean {
  if (job.dataset.id === id) return true
  if (isPrediction(job)) return false
  const { validation } = job.training
  return 'dataset' in validation && validation.dataset === id
}

/** Whether a job starts from the weights. */
export const usesWeights = ({ initFrom }: JobManifest, id: string): boolean =>
  !!initFrom && 'weights' in initFrom && initFrom.weights === id

/** Whether a job starts from the version of the model, or predicts by it; without one, any version. */
export function usesModel(job: JobManifest, name: string, version?: number): boolean {
  const source = isPrediction(job) ? job.predict : job.initFrom
  if (!source || !('model' in source) || source.model !== name) return false
  return version === undefined || source.version === version
}
