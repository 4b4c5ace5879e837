import type { DatasetManifest } from '../spec/dataset.js'
import type { JobSize } from '../spec/ipc-messages.js'
import {
  type BoostingJob,
  isPrediction,
  type JobManifest,
  type NetworkJob,
  normalizationOf,
  servingOf,
  stepsOf,
  trainingOf,
} from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import { defaultPriority } from '../spec/labels.js'
import type { MemoryEstimate } from '../spec/memory-estimate.js'
import { workersOf } from '../spec/resources.js'

const MiB = 2 ** 20
/**
 * What a trainer takes with its engine loaded, its threads started and next to no data: measured,
 * docs/jobs.md.
 */
const engineBytesByLibrary = { tensorflow: 450 * MiB, xgboost: 115 * MiB }

/** Counts the records that a job trains and validates on, of its parts of the data sets. */
export function recordCounts(
  { training }: NetworkJob,
  { records }: DatasetManifest,
  validation: DatasetManifest | null,
) {
  const heldOut = 'holdOut' in training.validation ? training.validation.holdOut : 0
  return { training: records - heldOut, validation: validation?.records ?? heldOut }
}

/** Estimates the memory of a boosting job: binned values, labels, margins and derivatives. */
export function estimateBoostingSize({ model, training }: BoostingJob): BoostingSize {
  const { rows, features, classes } = training
  const bytesPerBin = model.maxBins <= 256 ? 1 : 2
  // hist stores the bins by row and by column; the other methods store a value and a row number
  const bytesPerValue = model.treeMethod === 'hist' ? 2 * bytesPerBin : 8
  // rows whose groups lie apart are sorted in memory
  const sortedBytes = training.group === null ? 0 : 4
  const outputs = Math.max(
    1,
    model.quantile.length,
    classes && model.objective === 'multiclass' ? classes.labels.length : 1,
  )
  return {
    parameters: null,
    stateBytes: rows * (features.length * (bytesPerValue + sortedBytes) + 4 + outputs * 4),
    stepBytes: rows * outputs * 8,
  }
}

export type BoostingSize = Pick<JobSize, 'stateBytes' | 'stepBytes'> & { parameters: null }

/** Adds what a trainer takes before it has any data. */
export function estimateMemory(
  kind: JobManifest['model']['kind'],
  { stateBytes, stepBytes }: Pick<JobSize, 'stateBytes' | 'stepBytes'>,
  workers = 1,
): MemoryEstimate {
  const each = kind === 'boosting' ? engineBytesByLibrary.xgboost : engineBytesByLibrary.tensorflow
  const engineBytes = workers * each
  return { engineBytes, stateBytes, stepBytes, totalBytes: engineBytes + stateBytes + stepBytes }
}

/** The answer of a dry run, without the time that the job may take. */
export type SizedPlan = Omit<JobPlan, 'timeEstimate'>

/** Combines a planned job with its estimated size to the answer of a dry run. */
export function toJobPlan(job: JobManifest, size: JobSize | BoostingSize): SizedPlan {
  const { name, model, dataset, initFrom, freeze, priority, labels, resources, notes } = job
  const training = trainingOf(job)
  return {
    dryRun: true,
    name,
    model,
    dataset,
    training,
    predict: isPrediction(job) ? job.predict : null,
    initFrom: initFrom ?? null,
    initialized: 'initialized' in size ? size.initialized : null,
    normalization: normalizationOf(job),
    serving: servingOf(job),
    freeze: freeze ?? [],
    priority: priority ?? defaultPriority,
    labels: labels ?? {},
    resources: resources ?? null,
    steps: stepsOf(job),
    stepsPerEpoch: 'stepsPerEpoch' in training ? training.stepsPerEpoch : null,
    parameters: size.parameters,
    memory: estimateMemory(model.kind, size, workersOf(job)),
    notes: notes ?? [],
  }
}
