import { type Static, Type } from 'typebox'
import { CellFormat, ImageResize, resizeModes } from './dataset.js'
import { Evaluation } from './evaluation.js'
import { FeatureColumn } from './feature-column.js'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { Metrics } from './job.js'
import { AliasChange } from './model-alias.js'
import { type Annotation, annotationFields } from './model-annotation.js'
import { ResolvedBoosting, ResolvedNetwork } from './model-options.js'
import { AliasName } from './model-selector.js'
import { NoteList } from './note.js'
import { nullable } from './nullable.js'
import { PrecisionCard } from './precision-card.js'

const commonFields = {
  name: Name,
  version: Type.Integer({ description: 'counted from 1' }),
  jobId: JobId,
  createdAt: Timestamp,
  dataset: Type.Object({ id: DatasetId, name: Name }),
  step: Type.Integer({
    description: 'step of the job that the model is from; for boosting, its rounds',
  }),
  labels: Type.Array(Type.String(), { description: 'class names, by index' }),
  metrics: Type.Unsafe<Metrics>({ ...Metrics, description: 'values at this step' }),
  evaluation: Type.Optional(Evaluation),
}

const normalization =
  'by channel; the model itself normalizes its input, pixels from 0 to 255, with it'

/** What a published network does to image files; absent in older manifests, whose networks may do otherwise. */
export const ImagePreprocessing = Type.Object({
  resize: Type.Enum([...resizeModes], {
    description: 'how an image of another size is brought to that of the model',
  }),
  antialias: nullable(
    Type.Boolean(),
    'whether it is smoothed before it is made smaller; null: not known, since the version is old',
  ),
  orientation: Type.Enum(['exif', 'unknown'], {
    description:
      'exif: an image is turned as its EXIF orientation says; unknown: the version is old, and may not turn it',
  }),
})
export type ImagePreprocessing = Static<typeof ImagePreprocessing>

/** The manifest of a network, beside its SavedModel in `saved_model/`. */
export const NetworkManifest = Type.Object({
  ...commonFields,
  model: ResolvedNetwork,
  input: Type.Object({
    height: Type.Integer(),
    width: Type.Integer(),
    channels: Type.Enum([1, 3, 4]),
    mean: Type.Array(Type.Number(), { description: normalization }),
    std: Type.Array(Type.Number(), { description: normalization }),
    resize: Type.Optional(ImageResize),
    preprocessing: Type.Optional(ImagePreprocessing),
  }),
  /** Absent in models that are older than it: they are served in fp32. */
  precision: Type.Optional(PrecisionCard),
})
export type NetworkManifest = Static<typeof NetworkManifest>

export const ColumnImportance = Type.Object({
  column: Type.String(),
  gain: Type.Number({ description: 'mean reduction of the loss by its splits' }),
  weight: Type.Number({ description: 'number of its splits' }),
  cover: Type.Number({
    description: 'mean sum of second derivatives of the rows that reach its splits',
  }),
})
export type ColumnImportance = Static<typeof ColumnImportance>

/** The manifest of boosted trees, beside `model.ubj` and `model.json`. */
export const BoostingManifest = Type.Object({
  ...commonFields,
  model: ResolvedBoosting,
  target: Type.String({ description: 'the column that it predicts' }),
  input: Type.Object({
    columns: Type.Array(FeatureColumn),
    offset: Type.Optional(
      Type.String({ description: 'column that is added to the margin; each row needs it' }),
    ),
    unusedColumns: Type.Optional(
      Type.Array(Type.String(), {
        description: 'other columns of the data set; rows to predict may have them',
      }),
    ),
    cellFormat: Type.Optional(CellFormat),
  }),
  featureImportance: Type.Array(ColumnImportance, { description: 'sorted by gain, largest first' }),
})
export type BoostingManifest = Static<typeof BoostingManifest>

export type ModelManifest = NetworkManifest | BoostingManifest
type WithoutVersion<M> = M extends unknown ? Omit<M, 'version'> : never
export type NewModel = WithoutVersion<ModelManifest>

const modelFields = { id: Name, versions: Type.Array(Type.Integer()) }
export const NetworkModel = Type.Object({ ...modelFields, ...NetworkManifest.properties })
export type NetworkModel = Static<typeof NetworkModel>
export const BoostingModel = Type.Object({ ...modelFields, ...BoostingManifest.properties })
export type BoostingModel = Static<typeof BoostingModel>

export const RemovedVersions = Type.Object({
  versions: Type.Array(Type.Integer(), { description: 'the deleted versions' }),
  freedBytes: Type.Integer({ description: 'bytes of their files' }),
  aliases: Type.Array(AliasChange, {
    description: 'aliases that named them, and what became of them, as the request says',
  }),
})
export type RemovedVersions = Static<typeof RemovedVersions>

const recordFields = {
  aliases: Type.Array(AliasName, { description: 'that name this version, sorted' }),
  ...annotationFields,
}
/** What runs a network in the processes of a server. */
export const Serving = Type.Object({
  runtime: Type.Enum(['tensorflow', 'openvino'], { description: 'the library that runs it' }),
  precision: Type.Enum(['fp32', 'bf16', 'int8'], {
    description: 'the type that its convolutions and matrix products compute in',
  }),
  reason: Type.String({ description: 'why, such as what was measured on this machine' }),
  isFallback: Type.Boolean({
    description: 'whether it is not what was asked for, or less than the platform offers',
  }),
})
export type Serving = Static<typeof Serving>

/** A version with what is recorded beside it, and may change. */
export const NetworkModelView = Type.Object({
  ...NetworkModel.properties,
  ...recordFields,
  serving: Type.Optional({
    ...Serving,
    description: 'only of one version, while this server has it loaded for predictions',
  }),
})
export const BoostingModelView = Type.Object({ ...BoostingModel.properties, ...recordFields })
export const ModelView = Type.Union([NetworkModelView, BoostingModelView])
export type ModelView = Model & Annotation & { aliases: AliasName[]; serving?: Serving }

/** A model as the API shows it: one version, and the numbers of all versions. */
export const Model = Type.Union([NetworkModel, BoostingModel])
export type Model = NetworkModel | BoostingModel

export const isBoosting = (manifest: ModelManifest): manifest is BoostingManifest =>
  manifest.model.kind === 'boosting'
export const isBoostingModel = (model: Model): model is BoostingModel => isBoosting(model)

export const Prediction = Type.Object({
  name: Type.Optional(Type.String({ description: 'the name of the file in a form' })),
  label: Type.String(),
  index: Type.Integer(),
  probability: Type.Number(),
  probabilities: Type.Array(Type.Number(), {
    description: 'of all classes, in the order of labels',
  }),
})
export type Prediction = Static<typeof Prediction>

export const Predictions = Type.Object({
  model: Name,
  version: Type.Integer(),
  labels: Type.Array(Type.String()),
  notes: NoteList,
  predictions: Type.Array(Prediction),
})
export type Predictions = Static<typeof Predictions>

/** SHAP values: the contribution of each column, in the unit of the margin. */
export const Explanation = Type.Object({
  margin: Type.Number({
    description: 'sum of the trees, before it is converted to a probability or a count',
  }),
  bias: Type.Number({ description: 'the expected margin, to which the contributions are added' }),
  contributions: Type.Record(Type.String(), Type.Number(), {
    description: 'by column name; they and the bias add up to the margin',
  }),
})
export type Explanation = Static<typeof Explanation>

export const RowPrediction = Type.Object({
  ...Type.Partial(Prediction).properties,
  value: Type.Optional(Type.Number({ description: 'with an objective that predicts one number' })),
  values: Type.Optional(
    Type.Array(Type.Number(), {
      description: 'with objective quantile, in the order of quantiles',
    }),
  ),
  score: Type.Optional(
    Type.Number({ description: 'with objective ranking: higher is more relevant' }),
  ),
  explanations: Type.Optional(
    Type.Array(Explanation, {
      description:
        'only with explain: one explanation; for multiclass, one for each label; for quantile, one for each quantile',
    }),
  ),
})
export type RowPrediction = Static<typeof RowPrediction>

export const RowPredictions = Type.Object({
  model: Name,
  version: Type.Integer(),
  labels: Type.Optional(Type.Array(Type.String())),
  quantiles: Type.Optional(Type.Array(Type.Number())),
  unknownCategories: Type.Record(Type.String(), Type.Integer(), {
    description:
      'by column: number of rows whose category training has not seen, and which count as missing',
  }),
  notes: NoteList,
  predictions: Type.Array(RowPrediction),
})
export type RowPredictions = Static<typeof RowPredictions>
