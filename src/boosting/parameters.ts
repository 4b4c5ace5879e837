import {
  type BoostingMetricName,
  boostingMetrics,
  objectiveMetrics,
} from '../spec/boosting-metrics.js'
import type { BoostingObjective, ResolvedBoostingOptions } from '../spec/boosting-options.js'
import type { Column } from './training-table.js'

/** Our option names → XGBoost's parameter names. */
const xgboostNames = {
  maxDepth: 'max_depth',
  learningRate: 'eta',
  subsample: 'subsample',
  columnSample: 'colsample_bytree',
  minChildWeight: 'min_child_weight',
  lambda: 'reg_lambda',
  alpha: 'reg_alpha',
  gamma: 'gamma',
  maxBins: 'max_bin',
  treeMethod: 'tree_method',
} as const satisfies Partial<Record<keyof ResolvedBoostingOptions, string>>

/** Our objectives → XGBoost's names. */
export const xgboostObjectives: Record<BoostingObjective, string> = {
  regression: 'reg:squarederror',
  binary: 'binary:logistic',
  multiclass: 'multi:softprob',
  ranking: 'rank:ndcg',
  quantile: 'reg:quantileerror',
  absoluteError: 'reg:absoluteerror',
  huber: 'reg:pseudohubererror',
  poisson: 'count:poisson',
  gamma: 'reg:gamma',
  tweedie: 'reg:tweedie',
}

/** Options that a job may lack. */
const optionalXgboostNames = {
  huberSlope: 'huber_slope',
  tweedieVariancePower: 'tweedie_variance_power',
  scalePosWeight: 'scale_pos_weight',
  baseScore: 'base_score',
} as const satisfies Partial<Record<keyof ResolvedBoostingOptions, string>>

export interface RunOptions {
  seed: number
  device: 'cpu' | 'cuda'
  threads: number
}

export type XgboostParameters = Record<string, string | number | readonly string[]>

/** Parameters of the machine. A resumed booster needs only these; it has the others already. */
export const runParameters = ({
  device,
  threads,
}: Omit<RunOptions, 'seed'>): XgboostParameters => ({
  device,
  nthread: threads,
})

/**
 * The metrics of each evaluation, in XGBoost's order. Several ranks do not measure the AUC: XGBoost would take the mean
 * of the ranks' own, which is another number. The others are sums over all rows.
 */
export const measuredMetrics = (
  objective: BoostingObjective,
  world: number,
): readonly BoostingMetricName[] =>
  objectiveMetrics[objective].filter(name => world === 1 || name !== 'auc')

/** `classes`: number of classes, for multiclass. */
export function xgboostParameters(
  model: ResolvedBoostingOptions,
  columns: readonly Column[],
  classes: number | null,
  metrics: readonly BoostingMetricName[],
  run: RunOptions,
): XgboostParameters {
  const params: XgboostParameters = { ...runParameters(run), seed: run.seed }
  for (const [option, xgboostName] of Object.entries(xgboostNames))
    params[xgboostName] = model[option as keyof typeof xgboostNames]
  params.objective = xgboostObjectives[model.objective]
  for (const [option, xgboostName] of Object.entries(optionalXgboostNames)) {
    const value = model[option as keyof typeof optionalXgboostNames]
    if (value !== undefined) params[xgboostName] = value
  }
  params.eval_metric = metrics.map(name => metricName(name, model))
  if (model.objective === 'multiclass') params.num_class = classes ?? 0
  if (model.objective === 'quantile') params.quantile_alpha = `[${model.quantile}]`
  const constraints = new Map(Object.entries(model.monotone))
  if (constraints.size > 0) {
    params.monotone_constraints = `(${columns.map(({ name }) => constraints.get(name) ?? 0)})`
  }
  return params
}

function metricName(
  name: BoostingMetricName,
  { tweedieVariancePower }: ResolvedBoostingOptions,
): string {
  const { xgboost } = boostingMetrics[name]
  return name === 'tweedieNloglik' ? `${xgboost}@${tweedieVariancePower}` : xgboost
}
