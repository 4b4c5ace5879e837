import type { DatasetManifest } from '../spec/dataset.js'
import type { JobManifest } from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import type { JobSize } from '../spec/messages.js'

/** What a trainer takes with TensorFlow loaded, its threads started and no job: measured, docs/jobs.md. */
const engineBytes = 450 * 2 ** 20

/** How many records a job would train and validate on. */
export function recordsOf(
  { training }: JobManifest,
  { records }: DatasetManifest,
  other: DatasetManifest | null,
) {
  const held = 'holdOut' in training.validation ? training.validation.holdOut : 0
  return { training: records - held, validation: other?.records ?? held }
}

export function previewOf(job: JobManifest, size: JobSize): JobPlan {
  const { name, model, dataset, training, initFrom, freeze, priority, labels } = job
  const { stateBytes, stepBytes } = size
  return {
    dryRun: true,
    ...{ name, model, dataset, training },
    initFrom: initFrom ?? null,
    freeze: freeze ?? [],
    priority: priority ?? 0,
    labels: labels ?? {},
    steps: training.steps,
    stepsPerEpoch: training.stepsPerEpoch,
    parameters: size.parameters,
    memory: {
      engineBytes,
      stateBytes,
      stepBytes,
      totalBytes: engineBytes + stateBytes + stepBytes,
    },
  }
}
