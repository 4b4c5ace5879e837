import type { AttemptProgress, JobRecord } from './record/records.js'
import type { MetricsLog } from './telemetry/metrics-log.js'

/**
 * Returns how far the latest attempt has come, from the store alone. Only an attempt without a
 * recorded end needs its metrics log: it runs, or its worker has died.
 */
export async function readProgress(
  { manifest, attempts }: Pick<JobRecord, 'manifest' | 'attempts'>,
  metricsLog: MetricsLog,
): Promise<AttemptProgress> {
  const latest = attempts.at(-1)
  if (!latest) return { step: 0, metrics: {} }
  const { attempt, resumedFrom, endedAt, progress } = latest
  if (progress && endedAt !== null) return progress
  const known = progress ?? { step: resumedFrom, metrics: {} }
  const rows = await metricsLog.lastRows(manifest.id, attempt)
  return {
    step: Math.max(known.step, rows.at(-1)?.step ?? 0),
    metrics: Object.assign({ ...known.metrics }, ...rows.map(({ values }) => values)),
  }
}
