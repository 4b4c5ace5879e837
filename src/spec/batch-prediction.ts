import { type Static, Type } from 'typebox'
import { Name } from './identifiers.js'
import { AliasName, VersionNumber } from './model-selector.js'
import { nullable } from './nullable.js'
import { AnswerOptions, predictionOutputs } from './predict-options.js'
import { SplitName } from './split-name.js'
import { strictObject } from './strict-object.js'

const { topK, outputs } = AnswerOptions.properties

/** What a job predicts: all records of its data set, by a version of a model. */
export const PredictRequest = strictObject({
  model: Name,
  version: Type.Optional({
    ...VersionNumber,
    description: 'version of the model; if absent, that of the alias `default`, or else the newest',
  }),
  alias: Type.Optional({
    ...AliasName,
    description: 'the version that this alias names when the job is submitted',
  }),
  split: Type.Optional({
    ...SplitName,
    description: 'predict the records of this split only; by default all records',
  }),
  outputs,
  topK,
  keepColumns: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'of a table: also store the columns of the data set beside the predictions',
    }),
  ),
  checkpointEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_536,
      description:
        'records between checkpoints; of images, rounded up to a batch of 32. A checkpoint is also made after some MiB of predictions, and after 30 seconds',
    }),
  ),
  datasetName: Type.Optional({
    ...Name,
    description: "name of the data set of predictions; by default the job's",
  }),
})
export type PredictRequest = Static<typeof PredictRequest>

/** The request with the version that was chosen when the job was submitted, and all defaults filled in. */
export const PredictionPlan = Type.Object({
  model: Name,
  version: Type.Integer({ description: 'the version that predicts, wherever its aliases move' }),
  split: nullable(SplitName, 'null: all records'),
  outputs: nullable(
    Type.Array(Type.Enum(predictionOutputs)),
    'what a prediction of a class has; null for a model that predicts numbers',
  ),
  topK: nullable(Type.Integer(), 'null: as `outputs` says'),
  keepColumns: Type.Boolean(),
  checkpointEvery: nullable(Type.Integer(), 'null: chosen by size and time'),
  datasetName: Name,
  steps: Type.Integer({ description: 'number of records to predict' }),
  columns: Type.Array(Type.String(), {
    description: 'columns that predictions add, in order; the first 100',
  }),
})
export type PredictionPlan = Static<typeof PredictionPlan>

/** What made a data set of predictions. */
export const PredictionOrigin = Type.Object({
  model: Name,
  version: Type.Integer(),
  dataset: Type.String({ description: 'id of the data set whose records were predicted' }),
  split: Type.Optional(SplitName),
  job: Type.String({ description: 'id of the first job that made it' }),
})
export type PredictionOrigin = Static<typeof PredictionOrigin>
