import { failureCodes, oldFailureCodes } from '../spec/failure-codes.js'
import {
  type ExplainedFailure,
  type Failure,
  isPrediction,
  type Job,
  type JobStatus,
  normalizationOf,
  servingOf,
  stepsOf,
  trainingOf,
} from '../spec/job.js'
import { defaultPriority } from '../spec/labels.js'
import { withoutNulls } from '../spec/metrics.js'
import { etaSeconds, type LiveState } from './queue/live-state.js'
import { type AttemptProgress, type JobRecord, memoryOf } from './record/records.js'
import { isWaitingOrRunning, publicStatus, requestedAction } from './record/states.js'

/** What a view has beside the job's record. */
export interface ViewDetails {
  /** See `readProgress`. */
  progress?: AttemptProgress
  /** From Redis, as `queue`; null if it is not known. */
  live?: LiveState | null
  queue?: Job['queue']
  /** Why no worker can go on with the job. */
  holdReason?: string | null
}

const noProgress: AttemptProgress = { step: 0, metrics: {} }

/** The job as the API shows it. */
export function viewJob(
  record: JobRecord,
  { progress = noProgress, live, queue = null, holdReason = null }: ViewDetails = {},
): Job {
  const { manifest, attempts, initialized, removedCheckpoints, lifecycle, result } = record
  const attemptRecord = attempts.at(-1) ?? null
  const steps = stepsOf(manifest)
  const status = statusOf(record)
  const running = status === 'running'
  const succeeded = result?.status === 'succeeded'
  const currentLive = live && live.attempt === attemptRecord?.attempt ? live : null
  // an attempt has no record yet in the moment after it was added to the journal
  const isRecorded = attemptRecord?.attempt === lifecycle.attempt
  const phase = currentLive?.phase ?? (isRecorded ? attemptRecord.phase : 'preparing')
  const lastStep = result?.step ?? steps
  const step = succeeded ? lastStep : Math.max(progress.step, currentLive?.step ?? 0)
  return {
    id: manifest.id,
    name: manifest.name,
    status,
    requested: requestedAction(lifecycle.state),
    phase: running ? phase : null,
    queue: status === 'queued' ? queue : null,
    waitingFor: isWaitingOrRunning(lifecycle.state) ? holdReason : null,
    attempt: lifecycle.attempt,
    progress: {
      step,
      steps,
      // a job that stopped early has nothing left to do
      fraction: succeeded ? 1 : Math.min(1, step / steps),
      etaSeconds: running && currentLive ? etaSeconds(currentLive) : null,
      resumedFrom: isRecorded ? attemptRecord.resumedFrom : null,
    },
    model: manifest.model,
    dataset: manifest.dataset,
    training: trainingOf(manifest),
    predict: isPrediction(manifest) ? manifest.predict : null,
    request: manifest.request ?? null,
    initFrom: manifest.initFrom ?? null,
    initialized,
    normalization: normalizationOf(manifest),
    serving: servingOf(manifest),
    freeze: manifest.freeze ?? [],
    priority: manifest.priority ?? defaultPriority,
    labels: manifest.labels ?? {},
    resources: manifest.resources ?? null,
    memory: memoryOf(record),
    notes: manifest.notes ?? [],
    removedCheckpoints,
    createdAt: manifest.createdAt,
    startedAt: attempts[0]?.startedAt ?? null,
    finishedAt: result?.finishedAt ?? null,
    transitions: lifecycle.transitions,
    metrics: withoutNulls(succeeded ? result.metrics : progress.metrics),
    best: currentLive?.details?.best ?? progress.best ?? {},
    failure: result?.failure ? explained(result.failure) : null,
    result: result?.model
      ? { model: result.model, dataset: result.dataset ?? null, stoppedEarly: lastStep < steps }
      : null,
  }
}

export function statusOf({ lifecycle }: Pick<JobRecord, 'lifecycle'>): JobStatus {
  if (lifecycle.state === 'removed') throw new Error('a removed job has no status')
  return publicStatus[lifecycle.state]
}

const helpByCode: Record<Failure['code'], { help: string }> = {
  ...failureCodes,
  ...oldFailureCodes,
}

const explained = (failure: Failure): ExplainedFailure => ({
  ...failure,
  help: helpByCode[failure.code].help,
})
