import { type Static, Type } from 'typebox'
import { closed } from './closed.js'
import { withDefaults } from './with-defaults.js'

export const boostingObjectives = [
  'regression',
  'binary',
  'multiclass',
  'ranking',
  'quantile',
  'poisson',
] as const
export type BoostingObjective = (typeof boostingObjectives)[number]

const Quantile = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })

/** Gradient-boosted trees on a table; ranges and defaults are XGBoost's. */
export const BoostingOptions = closed({
  kind: Type.Enum(['boosting']),
  objective: Type.Optional(
    Type.Enum([...boostingObjectives], {
      description:
        'what to predict; if absent, by the target: binary for two classes, multiclass for more, else regression',
    }),
  ),
  rounds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 100,
      description: 'trees, or for several classes or quantiles a tree for each, one after another',
    }),
  ),
  maxDepth: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 6,
      description: 'questions from the root to a leaf; 0: no limit, not with treeMethod exact',
    }),
  ),
  learningRate: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.3,
      description: 'share of a tree that is added',
    }),
  ),
  subsample: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: 'share of the rows drawn for a tree',
    }),
  ),
  columnSample: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: 'share of the columns drawn for a tree',
    }),
  ),
  minChildWeight: Type.Optional(
    Type.Number({
      minimum: 0,
      default: 1,
      description: 'least sum of second derivatives in a leaf; for regression, of rows',
    }),
  ),
  lambda: Type.Optional(
    Type.Number({ minimum: 0, default: 1, description: 'L2 penalty of the leaves' }),
  ),
  alpha: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'L1 penalty of the leaves' }),
  ),
  gamma: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'least loss that a split must save' }),
  ),
  maxBins: Type.Optional(
    Type.Integer({
      minimum: 2,
      maximum: 65_535,
      default: 256,
      description: 'bins of a column, between which splits lie; not with treeMethod exact',
    }),
  ),
  treeMethod: Type.Optional(
    Type.Enum(['hist', 'approx', 'exact'], {
      default: 'hist',
      description:
        'hist: bins made once; approx: bins made anew for each tree; exact: every value, for small tables',
    }),
  ),
  quantile: Type.Optional(
    Type.Union(
      [Quantile, Type.Array(Quantile, { minItems: 1, maxItems: 100, uniqueItems: true })],
      {
        description: 'with objective quantile: which to predict',
      },
    ),
  ),
  monotone: Type.Optional(
    Type.Record(Type.String(), Type.Enum([1, -1]), {
      default: {},
      description: 'by name of the column: the prediction may only rise (1) or fall (-1) with it',
    }),
  ),
  categorical: Type.Optional(
    Type.Array(Type.String(), {
      uniqueItems: true,
      default: [],
      description: 'names of columns whose values are categories, where the table does not say so',
    }),
  ),
})
export type BoostingOptions = Static<typeof BoostingOptions>

/** Every choice made: what a trainer gets. */
export type ResolvedBoostingOptions = Required<Omit<BoostingOptions, 'quantile'>> & {
  /** Empty unless the objective is quantile. */
  quantile: number[]
}

/** `objective`: the one that suits the target, for a request without an objective. */
export function resolveBoostingOptions(
  request: BoostingOptions,
  objective: BoostingObjective,
): ResolvedBoostingOptions {
  const { quantile = [], ...options } = withDefaults<
    typeof BoostingOptions,
    'objective' | 'quantile'
  >(BoostingOptions, request)
  return {
    ...options,
    objective: options.objective ?? objective,
    quantile: typeof quantile === 'number' ? [quantile] : quantile,
  }
}
