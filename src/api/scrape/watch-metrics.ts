import type { Registry } from 'prom-client'
import type { ModelWatch } from '../../watching/model-watch.js'
import { metricFactory } from './metric-factory.js'

export interface WatchMetricsSource {
  histograms: Pick<ModelWatch['histograms'], 'current'>
  samples: Pick<ModelWatch['samples'], 'totals'>
}

/** Drift of the versions that this process predicts with, at most a hundred, and what became of samples. */
export function addWatchMetrics(
  registry: Registry,
  { histograms, samples }: WatchMetricsSource,
): () => Promise<void> {
  const { gauge, counter } = metricFactory(registry)
  const drift = gauge(
    'drift_psi',
    'PSI of the input or score that has moved most since the training, yesterday and today.',
    ...['model', 'version', 'of'],
  )
  const rows = gauge(
    'drift_compared_rows',
    'Images and rows that this drift is from.',
    ...['model', 'version'],
  )
  const requests = counter(
    'request_samples_total',
    'Requests that were to be kept as samples, by what became of them.',
    'outcome',
  )
  return async () => {
    for (const metric of [drift, rows, requests]) metric.reset()
    for (const { name: model, version, counted, ...parts } of histograms.current) {
      rows.set({ model, version }, counted)
      for (const of of ['inputs', 'scores'] as const) {
        const { worst } = parts[of]
        // too few rows have no value
        if (worst) drift.set({ model, version, of }, worst.psi)
      }
    }
    for (const outcome of ['kept', 'dropped'] as const)
      requests.inc({ outcome }, samples.totals[outcome])
  }
}
