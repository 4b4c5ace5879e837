// What the index holds of a job: all that lists filter and sort by.
import type { BestMetrics } from '../../spec/best-metrics.js'
import {
  isPrediction,
  type Job,
  type JobManifest,
  type Metrics,
  type Phase,
  stepsOf,
  trainingOf,
} from '../../spec/job.js'
import { defaultPriority } from '../../spec/labels.js'
import { withoutNulls } from '../../spec/metrics.js'
import type { AttemptRecord } from '../record/attempt-record.js'
import type { Lifecycle } from '../record/lifecycle.js'
import { publicStatus, requestedAction } from '../record/states.js'

/** What the index is given of a job. */
export interface IndexedJob {
  manifest: JobManifest
  lifecycle: Lifecycle
  /** Oldest first. */
  attempts: readonly AttemptRecord[]
}

/** The part that only `PATCH` changes. */
export interface JobDocument {
  /** See `JobManifest.revision`. */
  revision: number
  tags: string[]
  name: string
  priority: number
  createdAt: string
  labels: Record<string, string>
  dataset: Job['dataset']
  model: object
  training: object
  /** Of a job that predicts. */
  predict?: object
  /** Absent in documents of older versions: `training.steps`. */
  steps?: number
}

/** The part that changes with the job's state. While the job runs, its live state is newer. */
export interface JobState {
  attempt: number
  requested?: 'pause' | 'cancel'
  /** Of the latest attempt, as it was last recorded. */
  phase?: Phase
  resumedFrom?: number
  startedAt?: string
  finishedAt?: string
  step: number
  metrics: Metrics
  best: BestMetrics
  failure?: { code: string }
}

export function documentOf(manifest: JobManifest): JobDocument {
  const { revision = 0, name, priority = defaultPriority, createdAt, labels = {} } = manifest
  const { dataset, model } = manifest
  return {
    revision,
    tags: tagsOf(manifest),
    name,
    priority,
    createdAt,
    labels,
    dataset,
    model: scalarsOf(model),
    training: scalarsOf(trainingOf(manifest)),
    ...(isPrediction(manifest) && { predict: scalarsOf(manifest.predict) }),
    steps: stepsOf(manifest),
  }
}

export function stateOf({ manifest, lifecycle, attempts }: IndexedJob): JobState {
  const { attempt, result } = lifecycle
  const latest = attempts.at(-1)
  const progress = latest?.progress ?? { step: 0, metrics: {}, best: {} }
  const startedAt = attempts[0]?.startedAt
  const requested = requestedAction(lifecycle.state)
  const running = lifecycle.state !== 'removed' && publicStatus[lifecycle.state] === 'running'
  // an attempt has no record yet in the moment after it was added to the journal
  const isRecorded = latest?.attempt === attempt
  const phase = isRecorded ? latest.phase : 'preparing'
  const succeeded = result?.status === 'succeeded'
  return {
    attempt,
    ...(requested && { requested }),
    ...(running && { phase }),
    ...(isRecorded && { resumedFrom: latest.resumedFrom }),
    ...(startedAt && { startedAt }),
    ...(result && { finishedAt: result.finishedAt }),
    step: succeeded ? (result.step ?? stepsOf(manifest)) : progress.step,
    metrics: withoutNulls(succeeded ? result.metrics : progress.metrics),
    best: progress.best ?? {},
    ...(result?.failure && { failure: { code: result.failure.code } }),
  }
}

/** The tags by which jobs are found: a job is in the set of each. */
export function tagsOf({ name, model, dataset, labels = {} }: JobManifest): string[] {
  const labelTags = Object.entries(labels).map(([key, value]) => `label:${key}:${value}`)
  const datasetTags = [`dataset:${dataset.id}`, `dataset:${dataset.name}`]
  return [`name:${name}`, `model:${model.kind}`, ...datasetTags, ...labelTags]
}

/** Options with more entries, such as a weight for each class, are no scale to sort by. */
const maxEntries = 64
const maxDepth = 3
const maxTextLength = 128

/** The numbers, texts and booleans of an object. Lists, long texts and large objects are null: the record has them. */
export function scalarsOf(object: object, depth = 1): object {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, scalarOf(value, depth)]),
  )
}

function scalarOf(value: unknown, depth: number): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const isSmall = depth < maxDepth && Object.keys(value).length <= maxEntries
    return isSmall ? scalarsOf(value, depth + 1) : null
  }
  const isScalar = ['number', 'boolean'].includes(typeof value)
  return isScalar || (typeof value === 'string' && value.length <= maxTextLength) ? value : null
}
