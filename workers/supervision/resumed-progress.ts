import type { AttemptProgress, AttemptRecord } from '../../src/jobs/record/attempt-record.js'
import type { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { JobManifest } from '../../src/spec/job.js'

/** The metrics at the step that an attempt resumes from. */
export async function progressAt(
  { id, training }: JobManifest,
  attempts: readonly AttemptRecord[],
  step: number,
  metricsLog: MetricsLog,
): Promise<AttemptProgress> {
  const interval = Math.max(
    training.logEvery,
    'validateEvery' in training ? training.validateEvery : 1,
  )
  const range = { fromStep: step - interval, toStep: step }
  // metrics that cannot be read must not keep the attempt from starting
  const metrics = await metricsLog.latestValues(id, attempts, range).catch(() => ({}))
  return { step, metrics }
}
