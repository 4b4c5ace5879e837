import { type Static, Type } from 'typebox'
import {
  type BoostingMetricName,
  boostingMetrics,
  validationMetricName,
} from './boosting-metrics.js'
import type { MetricValue } from './metrics.js'

export const BestMetric = Type.Object({
  value: Type.Number(),
  step: Type.Integer({ description: 'the first step at which it had the value' }),
})
export type BestMetric = Static<typeof BestMetric>

export const BestMetrics = Type.Record(Type.String(), BestMetric)
/** The best value of each metric of which one direction is better. */
export type BestMetrics = Static<typeof BestMetrics>

type Better = 'lower' | 'higher'

const boosting = Object.entries(boostingMetrics) as [BoostingMetricName, { better: Better }][]

const directions = new Map<string, Better>([
  ...['loss', 'weightedLoss', 'validationLoss'].map(name => [name, 'lower'] as const),
  ...['accuracy', 'validationAccuracy', 'validationTop5Accuracy'].map(
    name => [name, 'higher'] as const,
  ),
  ...boosting.map(([name, { better }]) => [name, better] as const),
  ...boosting.map(([name, { better }]) => [validationMetricName(name), better] as const),
])

/** Metrics of which one direction is better; a learning rate and a speed have none. */
export const comparableMetrics: readonly string[] = [...directions.keys()]

/** Which values of a metric are better; null if none are. */
export const betterOf = (name: string): Better | null => directions.get(name) ?? null

/** Takes the values of a step into `best`. Steps must come in order: of equal values the first counts. */
export function updateBest(
  best: BestMetrics,
  step: number,
  values: Readonly<Record<string, MetricValue>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const better = betterOf(name)
    // NaN and Infinity are texts
    if (better === null || typeof value !== 'number' || !Number.isFinite(value)) continue
    const known = best[name]
    if (!known || (better === 'lower' ? value < known.value : value > known.value)) {
      best[name] = { value, step }
    }
  }
}

/** The best of both; `later` has the values of later steps. */
export function mergeBest(earlier: BestMetrics, later: BestMetrics): BestMetrics {
  const merged = { ...earlier }
  for (const [name, { value, step }] of Object.entries(later)) {
    updateBest(merged, step, { [name]: value })
  }
  return merged
}
