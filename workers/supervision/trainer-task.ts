import type { DatasetManifest } from '../../src/spec/dataset.js'
import { partsOfPlan } from '../../src/spec/dataset-part.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { JobManifest } from '../../src/spec/job.js'

/** The task of one attempt, with the manifests of its data sets, or of the splits of them that it uses. Throws what `findDataset` throws. */
export async function buildTask(
  job: JobManifest,
  attempt: number,
  resumedFrom: number,
  findDataset: (id: string) => Promise<DatasetManifest>,
): Promise<TrainerTask> {
  const { validation } = job.training
  const other = 'dataset' in validation ? await findDataset(validation.dataset) : null
  const parts = partsOfPlan(job.training, await findDataset(job.dataset.id), other)
  return {
    job,
    dataset: parts.training,
    validation: parts.validation,
    attempt,
    resumeFrom: resumedFrom || null,
  }
}
