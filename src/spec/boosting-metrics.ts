import type { BoostingObjective } from './boosting-options.js'

export interface BoostingMetric {
  /** As XGBoost calls it. */
  xgboost: string
  better: 'lower' | 'higher'
}

/** By the name in a metrics log; a validation metric's is validationName there. */
export const boostingMetrics = {
  rmse: { xgboost: 'rmse', better: 'lower' },
  mae: { xgboost: 'mae', better: 'lower' },
  logloss: { xgboost: 'logloss', better: 'lower' },
  auc: { xgboost: 'auc', better: 'higher' },
  error: { xgboost: 'error', better: 'lower' },
  mlogloss: { xgboost: 'mlogloss', better: 'lower' },
  merror: { xgboost: 'merror', better: 'lower' },
  ndcg: { xgboost: 'ndcg', better: 'higher' },
  quantile: { xgboost: 'quantile', better: 'lower' },
  poissonNloglik: { xgboost: 'poisson-nloglik', better: 'lower' },
} as const satisfies Record<string, BoostingMetric>
export type BoostingMetricName = keyof typeof boostingMetrics

/** What is measured; the first says whether a job gets better, unless another is asked for. */
export const objectiveMetrics = {
  regression: ['rmse', 'mae'],
  binary: ['logloss', 'auc', 'error'],
  multiclass: ['mlogloss', 'merror'],
  ranking: ['ndcg'],
  quantile: ['quantile'],
  poisson: ['poissonNloglik'],
} as const satisfies Record<BoostingObjective, readonly BoostingMetricName[]>

export type BoostingValidationMetric = `validation${Capitalize<BoostingMetricName>}`

/** rmse → validationRmse. */
export const validationMetricName = (metric: BoostingMetricName) =>
  `validation${metric[0]!.toUpperCase()}${metric.slice(1)}` as BoostingValidationMetric

export const objectiveValidationMetrics = (objective: BoostingObjective) =>
  objectiveMetrics[objective].map(validationMetricName)

/** Is a larger value of `validationMetric` the better one? Undefined for a name that is none. */
export function higherIsBetter(validationMetric: string): boolean | undefined {
  const names = Object.keys(boostingMetrics) as BoostingMetricName[]
  const name = names.find(metric => validationMetricName(metric) === validationMetric)
  return name && boostingMetrics[name].better === 'higher'
}
