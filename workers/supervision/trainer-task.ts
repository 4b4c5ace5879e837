import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { JobManifest } from '../../src/spec/job.js'

/** The task of one attempt, with the manifests of its data sets. Throws what `findDataset` throws. */
export async function buildTask(
  job: JobManifest,
  attempt: number,
  resumedFrom: number,
  findDataset: (id: string) => Promise<DatasetManifest>,
): Promise<TrainerTask> {
  const { validation } = job.training
  return {
    job,
    dataset: await findDataset(job.dataset.id),
    validation: 'dataset' in validation ? await findDataset(validation.dataset) : null,
    attempt,
    resumeFrom: resumedFrom || null,
  }
}
