import { type Static, Type } from 'typebox'
import { ColumnName, maxColumns } from './feature-column.js'
import { strictObject } from './strict-object.js'
import { withDefaults } from './with-defaults.js'

export const boostingObjectives = [
  'regression',
  'binary',
  'multiclass',
  'ranking',
  'quantile',
  'absoluteError',
  'huber',
  'poisson',
  'gamma',
  'tweedie',
] as const
export type BoostingObjective = (typeof boostingObjectives)[number]

/** Whether a model of this objective predicts classes. */
export const isClassification = (
  objective: BoostingObjective,
): objective is 'binary' | 'multiclass' => objective === 'binary' || objective === 'multiclass'

const Quantile = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })

/** Gradient-boosted trees on a table. Ranges and defaults are those of XGBoost. */
export const BoostingOptions = strictObject({
  kind: Type.Enum(['boosting']),
  objective: Type.Optional(
    Type.Enum([...boostingObjectives], {
      description:
        'what to predict. If absent, the target decides: binary for two classes, multiclass for more, regression for other numbers',
    }),
  ),
  rounds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 100,
      description: 'boosting rounds; each adds one tree, or one for each class or quantile',
    }),
  ),
  maxDepth: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 6,
      description:
        'maximum number of splits from the root to a leaf; 0: no limit, which treeMethod exact does not support',
    }),
  ),
  learningRate: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.3,
      description: 'factor by which the output of each tree is multiplied before it is added',
    }),
  ),
  subsample: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: 'share of the rows that is sampled for each tree',
    }),
  ),
  columnSample: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: 'share of the columns that is sampled for each tree',
    }),
  ),
  minChildWeight: Type.Optional(
    Type.Number({
      minimum: 0,
      default: 1,
      description:
        'minimum sum of the second derivatives of the loss in a leaf; for regression, the minimum number of rows',
    }),
  ),
  lambda: Type.Optional(
    Type.Number({ minimum: 0, default: 1, description: 'L2 penalty on the values of the leaves' }),
  ),
  alpha: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'L1 penalty on the values of the leaves' }),
  ),
  gamma: Type.Optional(
    Type.Number({
      minimum: 0,
      default: 0,
      description: 'minimum reduction of the loss for a split',
    }),
  ),
  maxBins: Type.Optional(
    Type.Integer({
      minimum: 2,
      maximum: 65_535,
      default: 256,
      description:
        'number of bins of each column; splits lie between bins. Not with treeMethod exact',
    }),
  ),
  treeMethod: Type.Optional(
    Type.Enum(['hist', 'approx', 'exact'], {
      default: 'hist',
      description:
        'hist: makes the bins once; approx: makes them again for each tree; exact: tries every value, for small tables of numbers',
    }),
  ),
  quantile: Type.Optional(
    Type.Union(
      [Quantile, Type.Array(Quantile, { minItems: 1, maxItems: 100, uniqueItems: true })],
      {
        description:
          'required with objective quantile: the quantiles to predict, such as 0.5 for the median, in ascending order',
      },
    ),
  ),
  huberSlope: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description:
        'with objective huber: the error from which the loss grows linearly, in the unit of the target. XGBoost overshoots if most errors are much larger',
    }),
  ),
  tweedieVariancePower: Type.Optional(
    Type.Number({
      minimum: 1,
      exclusiveMaximum: 2,
      default: 1.5,
      description:
        'with objective tweedie: the variance grows with this power of the mean; near 1 as for counts, near 2 as for gamma',
    }),
  ),
  baseScore: Type.Optional(
    Type.Number({
      description:
        'the prediction before the first tree, in the unit of predictions; for binary, a probability. If absent, it is estimated from the target',
    }),
  ),
  scalePosWeight: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description:
        'with objective binary: factor for the gradients of the second class. It does not change the metrics',
    }),
  ),
  monotone: Type.Optional(
    Type.Unsafe<Record<string, 1 | -1>>({
      type: 'object',
      additionalProperties: Type.Enum([1, -1]),
      maxProperties: maxColumns,
      default: {},
      description:
        'by column name: 1 if the prediction may only rise with the column, -1 if it may only fall',
    }),
  ),
  categorical: Type.Optional(
    Type.Array(ColumnName, {
      maxItems: maxColumns,
      uniqueItems: true,
      default: [],
      description:
        'columns of whole numbers from 0 to 9999 whose values are category codes; columns of type category need not be named',
    }),
  ),
})
export type BoostingOptions = Static<typeof BoostingOptions>

/** Options that go with one objective, and are absent with others. */
const optionsByObjective = {
  huberSlope: 'huber',
  tweedieVariancePower: 'tweedie',
  scalePosWeight: 'binary',
} as const satisfies Partial<Record<keyof BoostingOptions, BoostingObjective>>
type ObjectiveOption = keyof typeof optionsByObjective
export const objectiveOptions = Object.entries(optionsByObjective) as [
  ObjectiveOption,
  BoostingObjective,
][]

/** The options with all defaults filled in, as a trainer gets them. */
export type ResolvedBoostingOptions = Required<
  Omit<BoostingOptions, 'quantile' | 'baseScore' | ObjectiveOption>
> & {
  /** Empty unless the objective is quantile. */
  quantile: number[]
  /** Absent if XGBoost estimates it. */
  baseScore?: number
} & { [option in ObjectiveOption]?: number }

/** `objective` is used if the request has none. */
export function resolveBoostingOptions(
  request: BoostingOptions,
  objective: BoostingObjective,
): ResolvedBoostingOptions {
  const { quantile = [], ...options } = withDefaults<
    typeof BoostingOptions,
    'objective' | 'quantile' | 'baseScore'
  >(BoostingOptions, request)
  const resolved: ResolvedBoostingOptions = {
    ...options,
    objective: options.objective ?? objective,
    quantile: typeof quantile === 'number' ? [quantile] : quantile,
  }
  for (const [option, only] of objectiveOptions) {
    if (resolved.objective !== only) delete resolved[option]
  }
  return resolved
}
