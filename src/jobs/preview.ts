import type { DatasetManifest } from '../spec/dataset.js'
import type { BoostingJob, JobManifest, NetworkJob } from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import type { JobSize } from '../spec/messages.js'

/** What a trainer takes with TensorFlow loaded, its threads started and no job: measured, docs/jobs.md. */
const engineBytes = 450 * 2 ** 20

/** How many records a job would train and validate on. */
export function recordsOf(
  { training }: NetworkJob,
  { records }: DatasetManifest,
  other: DatasetManifest | null,
) {
  const held = 'holdOut' in training.validation ? training.validation.holdOut : 0
  return { training: records - held, validation: other?.records ?? held }
}

/** A byte or two for each value's bin, or its value and row number; labels, margins and derivatives. */
export function boostingSize({ model, training }: BoostingJob): BoostedSize {
  const { rows, features, classes } = training
  const cell = model.treeMethod !== 'hist' ? 8 : model.maxBins <= 256 ? 1 : 2
  const outputs = Math.max(
    1,
    model.quantile.length,
    classes && model.objective === 'multiclass' ? classes.labels.length : 1,
  )
  return {
    parameters: null,
    stateBytes: rows * (features.length * cell + 4 + outputs * 4),
    stepBytes: rows * outputs * 8,
  }
}

export type BoostedSize = Omit<JobSize, 'parameters'> & { parameters: null }

export function previewOf(job: JobManifest, size: JobSize | BoostedSize): JobPlan {
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
    stepsPerEpoch: 'stepsPerEpoch' in training ? training.stepsPerEpoch : null,
    parameters: size.parameters,
    memory: {
      engineBytes,
      stateBytes,
      stepBytes,
      totalBytes: engineBytes + stateBytes + stepBytes,
    },
  }
}
