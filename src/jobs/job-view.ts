import type { Job, JobStatus, Metrics } from '../spec/job.js'
import { defaultPriority } from '../spec/labels.js'
import { withoutNulls } from '../spec/metrics.js'
import { etaSeconds } from './queue/eta.js'
import type { LiveState } from './queue/live-state.js'
import type { JobRecord } from './record/records.js'
import { publicStatus, requestedAction } from './record/states.js'

/** What Redis adds to a job's record. */
export interface LiveInfo {
  live?: LiveState | null
  queue?: Job['queue']
}

/** The job as the API shows it. */
export function viewJob(record: JobRecord, { live, queue = null }: LiveInfo = {}): Job {
  const { manifest, attempts, initialized, lifecycle, result } = record
  const attemptRecord = attempts.at(-1) ?? null
  const { steps } = manifest.training
  const status = statusOf(record)
  const running = status === 'running' && attemptRecord !== null
  const currentLive = live && attemptRecord && live.attempt === attemptRecord.attempt ? live : null
  const metrics: Metrics = withoutNulls(result?.metrics ?? currentLive?.metrics ?? {})
  const lastStep = result?.step ?? steps
  const step =
    result?.status === 'succeeded'
      ? lastStep
      : (currentLive?.step ?? attemptRecord?.resumedFrom ?? 0)
  return {
    id: manifest.id,
    name: manifest.name,
    status,
    requested: requestedAction(lifecycle.state),
    phase: running ? (currentLive?.phase ?? attemptRecord.phase) : null,
    queue: status === 'queued' ? queue : null,
    attempt: lifecycle.attempt,
    progress: {
      step,
      steps,
      fraction: step / steps,
      etaSeconds: running && currentLive ? etaSeconds(record, currentLive) : null,
    },
    model: manifest.model,
    dataset: manifest.dataset,
    training: manifest.training,
    initFrom: manifest.initFrom ?? null,
    initialized,
    freeze: manifest.freeze ?? [],
    priority: manifest.priority ?? defaultPriority,
    labels: manifest.labels ?? {},
    createdAt: manifest.createdAt,
    startedAt: attempts[0]?.startedAt ?? null,
    finishedAt: result?.finishedAt ?? null,
    transitions: lifecycle.transitions,
    metrics,
    failure: result?.failure ?? null,
    result: result?.model ? { model: result.model, stoppedEarly: lastStep < steps } : null,
  }
}

export function statusOf({ lifecycle }: Pick<JobRecord, 'lifecycle'>): JobStatus {
  if (lifecycle.state === 'removed') throw new Error('a removed job has no status')
  return publicStatus[lifecycle.state]
}
