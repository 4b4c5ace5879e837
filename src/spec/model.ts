import { type Static, Type } from 'typebox'
import { FeatureColumn } from './feature-column.js'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { Metrics } from './job.js'
import { ResolvedBoosting, ResolvedNetwork } from './model-options.js'

const commonFields = {
  name: Name,
  version: Type.Integer(),
  jobId: JobId,
  createdAt: Timestamp,
  dataset: Type.Object({ id: DatasetId, name: Name }),
  step: Type.Integer(),
  labels: Type.Array(Type.String(), { description: 'names of classes, by index' }),
  metrics: Metrics,
}

/** A SavedModel's contract: `saved_model/` beside this manifest. Pixels go in as 0 to 255. */
export const NetworkManifest = Type.Object({
  ...commonFields,
  model: ResolvedNetwork,
  input: Type.Object({
    height: Type.Integer(),
    width: Type.Integer(),
    channels: Type.Enum([1, 3, 4]),
    mean: Type.Array(Type.Number()),
    std: Type.Array(Type.Number()),
  }),
})
export type NetworkManifest = Static<typeof NetworkManifest>

export const ColumnImportance = Type.Object({
  column: Type.String(),
  gain: Type.Number({ description: 'mean loss that its splits saved' }),
  weight: Type.Number({ description: 'how many splits ask for it' }),
  cover: Type.Number({ description: 'mean sum of second derivatives under its splits' }),
})
export type ColumnImportance = Static<typeof ColumnImportance>

/** Of trees: `model.ubj` and `model.json` beside this manifest. `step` is how many rounds they have. */
export const BoostingManifest = Type.Object({
  ...commonFields,
  model: ResolvedBoosting,
  target: Type.String(),
  input: Type.Object({ columns: Type.Array(FeatureColumn) }),
  featureImportance: Type.Array(ColumnImportance, { description: 'most gain first' }),
})
export type BoostingManifest = Static<typeof BoostingManifest>

export type ModelManifest = NetworkManifest | BoostingManifest
type WithoutVersion<M> = M extends unknown ? Omit<M, 'version'> : never
export type NewModel = WithoutVersion<ModelManifest>

const modelFields = { id: Name, versions: Type.Array(Type.Integer()) }
const NetworkModel = Type.Object({ ...modelFields, ...NetworkManifest.properties })
export type NetworkModel = Static<typeof NetworkModel>
const BoostingModel = Type.Object({ ...modelFields, ...BoostingManifest.properties })
export type BoostingModel = Static<typeof BoostingModel>

/** What the API answers: the newest version, and which others there are. */
export const Model = Type.Union([NetworkModel, BoostingModel])
export type Model = NetworkModel | BoostingModel

export const isBoostingModel = (model: Model): model is BoostingModel =>
  model.model.kind === 'boosting'

export const Prediction = Type.Object({
  label: Type.String(),
  index: Type.Integer(),
  probability: Type.Number(),
  probabilities: Type.Array(Type.Number(), { description: 'by label index' }),
})
export type Prediction = Static<typeof Prediction>

export const Predictions = Type.Object({
  model: Name,
  version: Type.Integer(),
  labels: Type.Array(Type.String()),
  predictions: Type.Array(Prediction),
})
export type Predictions = Static<typeof Predictions>

/** SHAP values: what each column adds, in the unit of the margin. */
export const Explanation = Type.Object({
  margin: Type.Number({
    description: 'sum of the trees, before it becomes a probability or count',
  }),
  bias: Type.Number(),
  contributions: Type.Record(Type.String(), Type.Number(), {
    description: 'by column; with the bias they add up to the margin',
  }),
})
export type Explanation = Static<typeof Explanation>

export const RowPrediction = Type.Object({
  ...Type.Partial(Prediction).properties,
  value: Type.Optional(Type.Number({ description: 'regression, poisson' })),
  values: Type.Optional(Type.Array(Type.Number(), { description: 'quantile: one for each' })),
  score: Type.Optional(Type.Number({ description: 'ranking: higher is more relevant' })),
  explanations: Type.Optional(
    Type.Array(Explanation, {
      description: 'one; of multiclass one for each label, of quantile one for each quantile',
    }),
  ),
})
export type RowPrediction = Static<typeof RowPrediction>

export const RowPredictions = Type.Object({
  model: Name,
  version: Type.Integer(),
  labels: Type.Optional(Type.Array(Type.String())),
  quantiles: Type.Optional(Type.Array(Type.Number())),
  predictions: Type.Array(RowPrediction),
})
export type RowPredictions = Static<typeof RowPredictions>
