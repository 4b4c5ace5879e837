import { mergeBest } from '../spec/best-metrics.js'
import type { LiveState } from './queue/live-state.js'
import type { AttemptProgress, JobRecord } from './record/records.js'
import { bestInLog, withBest } from './telemetry/best-in-log.js'
import type { MetricsLog } from './telemetry/metrics-log.js'

/**
 * Returns how far the latest attempt has come, from the store. Only an attempt without a recorded end needs its
 * metrics log: it runs, or its worker has died. What `live` has of the attempt need not be searched in the log.
 */
export async function readProgress(
  { manifest, attempts: recorded }: Pick<JobRecord, 'manifest' | 'attempts'>,
  metricsLog: MetricsLog,
  live: LiveState | null = null,
): Promise<AttemptProgress> {
  const { id } = manifest
  const attempts = await withBest(metricsLog, id, recorded)
  const latest = attempts.at(-1)
  if (!latest) return { step: 0, metrics: {}, best: {} }
  const { attempt, resumedFrom, endedAt, progress } = latest
  if (progress && endedAt !== null) return progress
  const known = progress ?? { step: resumedFrom, metrics: {} }
  const knownBest = known.best ?? (await bestInLog(metricsLog, id, attempts))
  const liveBest = live?.attempt === attempt ? live.details?.best : undefined
  const [rows, newBest] = await Promise.all([
    metricsLog.lastRows(id, attempt),
    liveBest ?? bestInLog(metricsLog, id, attempts, { fromStep: known.step + 1 }),
  ])
  return {
    step: Math.max(known.step, rows.at(-1)?.step ?? 0),
    metrics: Object.assign({ ...known.metrics }, ...rows.map(({ values }) => values)),
    best: mergeBest(knownBest, newBest),
  }
}
