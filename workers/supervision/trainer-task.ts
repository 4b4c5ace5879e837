import type { DatasetManifest } from '../../src/spec/dataset.js'
import { partOf, partsOfPlan } from '../../src/spec/dataset-part.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import { isBoosting, isPrediction, type JobManifest } from '../../src/spec/job.js'

/** What earlier attempts of a job have left, which the next one goes on with. */
export interface Earlier {
  /** The step of the checkpoint that it resumes from; 0 for the beginning. */
  resumedFrom: number
  /** Threads of the job; null before its first attempt began. */
  threads: number | null
}

/** The task of one attempt, with the manifests of its data sets, or of the splits of them that it uses. Throws what `findDataset` throws. */
export async function buildTask(
  job: JobManifest,
  attempt: number,
  { resumedFrom, threads: agreed }: Earlier,
  findDataset: (id: string) => Promise<DatasetManifest>,
): Promise<TrainerTask> {
  // a trainer of trees limits XGBoost itself, which it loads when it knows its task
  const threads = isBoosting(job) ? null : agreed
  const common = { attempt, resumeFrom: resumedFrom || null, threads }
  if (isPrediction(job)) {
    const { split } = job.predict
    const dataset = partOf(await findDataset(job.dataset.id), split === null ? undefined : [split])
    return { ...common, job, dataset, validation: null }
  }
  const { validation } = job.training
  const other = 'dataset' in validation ? await findDataset(validation.dataset) : null
  const parts = partsOfPlan(job.training, await findDataset(job.dataset.id), other)
  return { ...common, job, dataset: parts.training, validation: parts.validation }
}
