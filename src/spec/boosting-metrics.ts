import type { BoostingObjective } from './boosting-options.js'

export interface BoostingMetric {
  /** XGBoost's name of the metric. */
  xgboost: string
  better: 'lower' | 'higher'
}

/**
 * Metrics by their names in the metrics log. The log has the values on validation data under
 * `validationMetricName`.
 */
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
  pseudoHuber: { xgboost: 'mphe', better: 'lower' },
  poissonNloglik: { xgboost: 'poisson-nloglik', better: 'lower' },
  gammaNloglik: { xgboost: 'gamma-nloglik', better: 'lower' },
  gammaDeviance: { xgboost: 'gamma-deviance', better: 'lower' },
  /** XGBoost's name of it ends in the variance power. */
  tweedieNloglik: { xgboost: 'tweedie-nloglik', better: 'lower' },
} as const satisfies Record<string, BoostingMetric>
export type BoostingMetricName = keyof typeof boostingMetrics

/** The metrics of each objective. Early stopping uses the first by default. */
export const objectiveMetrics = {
  regression: ['rmse', 'mae'],
  binary: ['logloss', 'auc', 'error'],
  multiclass: ['mlogloss', 'merror'],
  ranking: ['ndcg'],
  quantile: ['quantile'],
  absoluteError: ['mae', 'rmse'],
  huber: ['pseudoHuber', 'mae', 'rmse'],
  poisson: ['poissonNloglik'],
  gamma: ['gammaNloglik', 'gammaDeviance'],
  tweedie: ['tweedieNloglik', 'rmse'],
} as const satisfies Record<BoostingObjective, readonly BoostingMetricName[]>

export type BoostingValidationMetric = `validation${Capitalize<BoostingMetricName>}`

/** `rmse` → `validationRmse`. */
export const validationMetricName = (metric: BoostingMetricName) =>
  `validation${metric[0]!.toUpperCase()}${metric.slice(1)}` as BoostingValidationMetric

export const objectiveValidationMetrics = (objective: BoostingObjective) =>
  objectiveMetrics[objective].map(validationMetricName)

/** Whether larger values of a validation metric are better; undefined for an unknown name. */
export function higherIsBetter(validationMetric: string): boolean | undefined {
  const names = Object.keys(boostingMetrics) as BoostingMetricName[]
  const name = names.find(metric => validationMetricName(metric) === validationMetric)
  return name && boostingMetrics[name].better === 'higher'
}
