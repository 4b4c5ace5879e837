import { type Static, Type } from 'typebox'
import { DatasetId, Name } from './identifiers.js'
import { nullable } from './nullable.js'
import { NextCursor, PageQuery } from './paging.js'
import { strictObject } from './strict-object.js'

/** The file beside the manifest of a model, and of a checkpoint with an evaluation. */
export const evaluationRecordsFile = 'evaluation.arrow'

/** The file has the records that were predicted worst, and at most so many: two megabytes. */
export const maxEvaluationRecords = 100_000

/** What a classifier predicted for validation records; one entry for each of them. Classes are numbers. */
export interface PredictedClasses {
  kind: 'classes'
  index: Int32Array
  label: Int32Array
  predicted: Int32Array
  /** Of the predicted class. */
  probability: Float32Array
  /** Of the class that the record belongs to. */
  labelProbability: Float32Array
}

/** What a regression predicted. */
export interface PredictedNumbers {
  kind: 'numbers'
  index: Int32Array
  target: Float32Array
  predicted: Float32Array
}

export type EvaluatedRecords = PredictedClasses | PredictedNumbers

/** What the file says of its records. */
export interface EvaluationRecordsHead {
  format: 1
  kind: EvaluatedRecords['kind']
  /** Id of the data set in which `index` counts. */
  dataset: string
  /** All records that were evaluated, also those that the file does not have. */
  evaluated: number
}

const index = Type.Integer({
  description:
    'in the data set that `dataset` names: GET /datasets/:id/images/:index shows an image, and GET /datasets/:id/samples a row',
})

export const ClassRecord = Type.Object({
  index,
  label: Type.String({ description: 'the class that it belongs to' }),
  predicted: Type.String({ description: 'the class that is predicted' }),
  probability: Type.Number({ description: 'of the predicted class' }),
  labelProbability: Type.Number({ description: 'of the class that it belongs to' }),
})
export type ClassRecord = Static<typeof ClassRecord>

export const NumberRecord = Type.Object({
  index,
  target: Type.Number(),
  predicted: nullable(
    Type.Number(),
    'of quantiles, the middle one; null if it is NaN or infinite, which counts as the largest residual',
  ),
  residual: nullable(Type.Number(), 'target − predicted'),
})
export type NumberRecord = Static<typeof NumberRecord>

export const EvaluationRecordPage = Type.Object({
  model: Name,
  version: Type.Integer(),
  step: Type.Integer({ description: 'of the training, whose weights or trees the model has' }),
  dataset: DatasetId,
  kind: Type.Enum(['classes', 'numbers'], { description: 'what the model predicts' }),
  items: Type.Array(Type.Union([ClassRecord, NumberRecord]), {
    description:
      'classes: wrong ones first, the highest probability first; then right ones, the lowest first. numbers: the largest absolute residual first',
  }),
  total: Type.Integer({ description: 'records that match, of all that are kept' }),
  evaluated: Type.Integer({ description: 'validation records that were predicted' }),
  leftOut: Type.Integer({
    description: `of these, how many are not kept: only the ${maxEvaluationRecords} that were predicted worst are, so right ones go first`,
  }),
  nextCursor: NextCursor,
})
export type EvaluationRecordPage = Static<typeof EvaluationRecordPage>

const Label = (description: string) =>
  Type.Optional(Type.String({ maxLength: 1000, description: `only records ${description}` }))

export const EvaluationRecordQuery = strictObject({
  ...PageQuery,
  label: Label('that belong to this class'),
  predicted: Label('that are predicted as this class'),
})
export type EvaluationRecordQuery = Static<typeof EvaluationRecordQuery>
