import type { DatasetManifest } from '../../src/spec/dataset.js'
import { partOf, partsOfPlan } from '../../src/spec/dataset-part.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import { isPrediction, type JobManifest } from '../../src/spec/job.js'

/** The task of one attempt, with the manifests of its data sets, or of the splits of them that it uses. Throws what `findDataset` throws. */
export async function buildTask(
  job: JobManifest,
  attempt: number,
  resumedFrom: number,
  findDataset: (id: string) => Promise<DatasetManifest>,
): Promise<TrainerTask> {
  const resumeFrom = resumedFrom || null
  if (isPrediction(job)) {
    const { split } = job.predict
    const dataset = partOf(await findDataset(job.dataset.id), split === null ? undefined : [split])
    return { job, dataset, validation: null, attempt, resumeFrom }
  }
  const { validation } = job.training
  const other = 'dataset' in validation ? await findDataset(validation.dataset) : null
  const parts = partsOfPlan(job.training, await findDataset(job.dataset.id), other)
  return {
    job,
    dataset: parts.training,
    validation: parts.validation,
    attempt,
    resumeFrom,
  }
}
