import { type BestMetrics, comparableMetrics, updateBest } from '../../spec/best-metrics.js'
import type { AttemptRecord } from '../record/attempt-record.js'
import { chartOf } from './metrics-chart.js'
import type { MetricsLog, StepRange } from './metrics-log.js'

/** A chart has the smallest and the largest value of each metric, however few its points are. */
const maxPoints = 10

/** The best values of the metrics in a range of steps. Reads the summaries of long logs. */
export async function bestInLog(
  { store }: MetricsLog,
  id: string,
  attempts: readonly AttemptRecord[],
  range: StepRange = {},
): Promise<BestMetrics> {
  const query = { ...range, names: comparableMetrics, maxPoints }
  const { points } = await chartOf(store, id, attempts, query)
  const best: BestMetrics = {}
  for (const [name, series] of Object.entries(points)) {
    for (const { step, value } of series) updateBest(best, step, { [name]: value })
  }
  return best
}

/** The attempts, of which the last one has the best metrics in its progress: older versions did not record them. */
export async function withBest(
  log: MetricsLog,
  id: string,
  attempts: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const latest = attempts.at(-1)
  if (!latest?.progress || latest.progress.best) return [...attempts]
  const best = await bestInLog(log, id, attempts)
  return attempts.with(-1, { ...latest, progress: { ...latest.progress, best } })
}
