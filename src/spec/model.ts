import { type Static, Type } from 'typebox'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { Metrics } from './job.js'
import { ChosenModel } from './model-options.js'

/** A SavedModel's contract: `saved_model/` beside this manifest. Pixels go in as 0 to 255. */
export const ModelManifest = Type.Object({
  name: Name,
  version: Type.Integer(),
  jobId: JobId,
  createdAt: Timestamp,
  model: ChosenModel,
  dataset: Type.Object({ id: DatasetId, name: Name }),
  step: Type.Integer(),
  input: Type.Object({
    height: Type.Integer(),
    width: Type.Integer(),
    channels: Type.Enum([1, 3, 4]),
    mean: Type.Array(Type.Number()),
    std: Type.Array(Type.Number()),
  }),
  labels: Type.Array(Type.String()),
  metrics: Metrics,
})
export type ModelManifest = Static<typeof ModelManifest>

/** What the API answers: the newest version, and which others there are. */
export const Model = Type.Object({
  id: Name,
  ...ModelManifest.properties,
  versions: Type.Array(Type.Integer()),
})
export type Model = Static<typeof Model>

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
