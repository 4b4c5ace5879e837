import { boostingMetrics, objectiveMetrics } from '../spec/boosting-metrics.js'
import type { Boosting, BoostingObjective } from '../spec/boosting-options.js'
import type { Column } from './training-table.js'

/** Ours → XGBoost's. */
const names = {
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
} as const satisfies Partial<Record<keyof Boosting, string>>

const objectives: Record<BoostingObjective, string> = {
  regression: 'reg:squarederror',
  binary: 'binary:logistic',
  multiclass: 'multi:softprob',
  ranking: 'rank:ndcg',
  quantile: 'reg:quantileerror',
  poisson: 'count:poisson',
}

export interface Run {
  seed: number
  device: 'cpu' | 'cuda'
  threads: number
}

export type Parameters = Record<string, string | number | readonly string[]>

/** Where it runs: all that a resumed booster, which brings its parameters, is told. */
export const runParameters = ({ device, threads }: Omit<Run, 'seed'>): Parameters => ({
  device,
  nthread: threads,
})

/** `classes`: how many, for several of them. */
export function parameters(
  model: Boosting,
  columns: readonly Column[],
  classes: number | null,
  run: Run,
): Parameters {
  const given: Parameters = { ...runParameters(run), seed: run.seed }
  for (const [ours, theirs] of Object.entries(names))
    given[theirs] = model[ours as keyof typeof names]
  given.objective = objectives[model.objective]
  given.eval_metric = objectiveMetrics[model.objective].map(name => boostingMetrics[name].xgboost)
  if (model.objective === 'multiclass') given.num_class = classes ?? 0
  if (model.objective === 'quantile') given.quantile_alpha = `[${model.quantile}]`
  const directions = new Map(Object.entries(model.monotone))
  if (directions.size > 0) {
    given.monotone_constraints = `(${columns.map(({ name }) => directions.get(name) ?? 0)})`
  }
  return given
}
