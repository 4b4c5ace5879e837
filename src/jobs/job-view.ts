import type { Job, JobStatus, Metrics } from '../spec/job.js'
import { withoutNulls } from '../spec/metrics.js'
import { etaSeconds } from './queue/eta.js'
import type { LiveState } from './queue/live-state.js'
import type { JobRecord } from './record/records.js'
import { requested, statuses } from './record/states.js'

/** What Redis knows of a job beside the record. */
export interface Surroundings {
  live?: LiveState | null
  queue?: Job['queue']
}

/** A job as the API shows it: derived from the record, and from what its worker said last. */
export function viewJob(record: JobRecord, { live, queue = null }: Surroundings = {}): Job {
  const { manifest, attempts, initialised, life, result } = record
  const attempt = attempts.at(-1) ?? null
  const { steps } = manifest.training
  const status = statusOf(record)
  const running = status === 'running' && attempt !== null
  const fresh = live && attempt && live.epoch === attempt.epoch ? live : null
  const metrics: Metrics = withoutNulls(result?.metrics ?? fresh?.metrics ?? {})
  const last = result?.step ?? steps
  const step = result?.status === 'succeeded' ? last : (fresh?.step ?? attempt?.resumedFrom ?? 0)
  return {
    id: manifest.id,
    name: manifest.name,
    status,
    requested: requested(life.state),
    phase: running ? (fresh?.phase ?? attempt.phase) : null,
    queue: status === 'queued' ? queue : null,
    attempt: life.epoch,
    progress: {
      step,
      steps,
      fraction: step / steps,
      etaSeconds: running && fresh ? etaSeconds(record, fresh) : null,
    },
    model: manifest.model,
    dataset: manifest.dataset,
    training: manifest.training,
    initFrom: manifest.initFrom ?? null,
    initialised,
    freeze: manifest.freeze ?? [],
    priority: manifest.priority ?? 0,
    labels: manifest.labels ?? {},
    createdAt: manifest.createdAt,
    startedAt: attempts[0]?.startedAt ?? null,
    finishedAt: result?.finishedAt ?? null,
    transitions: life.transitions,
    metrics,
    failure: result?.failure ?? null,
    result: result?.model ? { model: result.model, stoppedEarly: last < steps } : null,
  }
}

export function statusOf({ life }: Pick<JobRecord, 'life'>): JobStatus {
  if (life.state === 'removed') throw new Error('a removed job has no status')
  return statuses[life.state]
}
