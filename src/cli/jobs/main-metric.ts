import type { Job } from '../../spec/job.js'
import { formatMetric } from '../terminal/format.js'

/** Of networks, the most telling one first. */
const preferred = ['validationAccuracy', 'validationLoss', 'accuracy', 'loss'] as const

/** The metric that says in one number how good the model of a job is; null if it has measured none yet. */
export function mainMetric({ best, metrics }: Pick<Job, 'best' | 'metrics'>): string | null {
  const names = Object.keys(best).length > 0 ? Object.keys(best) : Object.keys(metrics)
  return (
    preferred.find(name => names.includes(name)) ??
    names.find(name => name.startsWith('validation')) ??
    names[0] ??
    null
  )
}

/** `validationAccuracy 0.981`, the best value; of a metric without a better direction, the last one. */
export function mainMetricText(job: Job, name = mainMetric(job)): string {
  if (name === null) return ''
  const value = job.best[name]?.value ?? job.metrics[name]
  return value === undefined ? '' : `${name} ${formatMetric(value)}`
}
