import type { Job, JobStatus, Metrics, Transition } from '../spec/job.js'
import type { LiveState } from './live.js'
import type { JobRecord } from './records.js'

/** A job as the API shows it: derived from the record, and from what its worker said last. */
export function viewJob(record: JobRecord, live: LiveState | null): Job {
  const { manifest, attempts, initialised, result } = record
  const attempt = attempts.at(-1) ?? null
  const { steps, batchSize, accumulateSteps } = manifest.training
  const status = statusOf({ attempts, result })
  const running = status === 'running' && attempt !== null
  const fresh = live && attempt && live.epoch === attempt.epoch ? live : null
  const metrics: Metrics = result?.metrics ?? fresh?.metrics ?? {}
  const last = result?.step ?? steps
  const step = result?.status === 'succeeded' ? last : (fresh?.step ?? attempt?.resumedFrom ?? 0)
  const pace = metrics.examplesPerSecond
  return {
    id: manifest.id,
    name: manifest.name,
    status,
    phase: running ? (fresh?.phase ?? attempt.phase) : null,
    attempt: attempt?.epoch ?? 0,
    progress: {
      step,
      steps,
      fraction: step / steps,
      etaSeconds:
        running && pace ? Math.round(((steps - step) * batchSize * accumulateSteps) / pace) : null,
    },
    model: manifest.model,
    dataset: manifest.dataset,
    training: manifest.training,
    initFrom: manifest.initFrom ?? null,
    initialised,
    freeze: manifest.freeze ?? [],
    createdAt: manifest.createdAt,
    startedAt: attempts[0]?.startedAt ?? null,
    finishedAt: result?.finishedAt ?? null,
    transitions: transitions({ manifest, attempts, result }),
    metrics,
    failure: result?.failure ?? null,
    result: result?.model ? { model: result.model, stoppedEarly: last < steps } : null,
  }
}

export function statusOf({ attempts, result }: Pick<JobRecord, 'attempts' | 'result'>): JobStatus {
  if (result) return result.status
  const last = attempts.at(-1)
  return last && last.endedAt === null ? 'running' : 'queued'
}

function transitions({
  manifest,
  attempts,
  result,
}: Pick<JobRecord, 'manifest' | 'attempts' | 'result'>): Transition[] {
  const list: Transition[] = [{ status: 'queued', at: manifest.createdAt, attempt: 0 }]
  for (const { epoch, startedAt, endedAt, end } of attempts) {
    list.push({ status: 'running', at: startedAt, attempt: epoch })
    if (endedAt && end !== 'finished') list.push({ status: 'queued', at: endedAt, attempt: epoch })
  }
  if (result) list.push({ status: result.status, at: result.finishedAt, attempt: result.epoch })
  return list
}
