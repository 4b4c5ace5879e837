import type { AttemptProgress, AttemptRecord } from '../../src/jobs/record/attempt-record.js'
import { bestInLog } from '../../src/jobs/telemetry/best-in-log.js'
import type { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import { isPrediction, type JobManifest } from '../../src/spec/job.js'

/** The metrics at the step that an attempt resumes from. */
export async function progressAt(
  job: JobManifest,
  attempts: readonly AttemptRecord[],
  step: number,
  metricsLog: MetricsLog,
): Promise<AttemptProgress> {
  const { id } = job
  const interval = rowInterval(job)
  const range = { fromStep: step - interval, toStep: step }
  // metrics that cannot be read must not keep the attempt from starting
  const metrics = await metricsLog.latestValues(id, attempts, range).catch(() => ({}))
  // without them, readers of the progress search the log themselves
  const best = await bestInLog(metricsLog, id, attempts, { toStep: step }).catch(() => null)
  return { step, metrics, ...(best && { best }) }
}

/** Steps between rows, at most. Of predictions, each checkpoint has a row of its own. */
function rowInterval(job: JobManifest): number {
  if (isPrediction(job)) return 0
  const { training } = job
  return Math.max(training.logEvery, 'validateEvery' in training ? training.validateEvery : 1)
}
