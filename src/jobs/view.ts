import type { Job, JobManifest, JobStatus, Metrics } from '../spec/job.js'
import { withoutNulls } from '../spec/metrics.js'
import type { LiveState } from './live.js'
import type { JobRecord } from './records.js'
import { requested, statuses } from './states.js'

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

/** To the end of the training, at the pace of the last steps. */
export function etaSeconds(
  { manifest }: Pick<JobRecord, 'manifest'>,
  { step, metrics }: Pick<LiveState, 'step' | 'metrics'>,
): number | null {
  const { training } = manifest
  const pace = Number(metrics.examplesPerSecond)
  return pace ? Math.round(((training.steps - step) * examplesPerStep(training)) / pace) : null
}

/** A round of boosting looks at every row. */
const examplesPerStep = (plan: JobManifest['training']) =>
  'rows' in plan ? plan.rows : plan.batchSize * plan.accumulateSteps

export function statusOf({ life }: Pick<JobRecord, 'life'>): JobStatus {
  if (life.state === 'removed') throw new Error('a removed job has no status')
  return statuses[life.state]
}
