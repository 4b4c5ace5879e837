import type { DatasetManifest } from '../spec/dataset.js'
import type { JobSize } from '../spec/ipc-messages.js'
import type { BoostingJob, JobManifest, NetworkJob } from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'

const MiB = 2 ** 20
/** What a trainer takes with its engine loaded, its threads started and next to no data: measured, docs/jobs.md. */
const engines = { tensorflow: 450 * MiB, xgboost: 115 * MiB }

/** How many records a job would train and validate on. */
export function recordsOf(
  { training }: NetworkJob,
  { records }: DatasetManifest,
  other: DatasetManifest | null,
) {
  const held = 'holdOut' in training.validation ? training.validation.holdOut : 0
  return { training: records - held, validation: other?.records ?? held }
}

/** Each value's bin, twice, or its value and row number; labels, margins and derivatives. */
export function boostingSize({ model, training }: BoostingJob): BoostedSize {
  const { rows, features, classes } = training
  const bin = model.maxBins <= 256 ? 1 : 2
  // XGBoost's hist keeps bins by rows and by columns
  const cell = model.treeMethod === 'hist' ? 2 * bin : 8
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
  const engineBytes = model.kind === 'boosting' ? engines.xgboost : engines.tensorflow
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
