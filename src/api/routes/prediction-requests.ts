// What requests for predictions and for explanations have in common.
import { Type } from 'typebox'
import type { CheckpointChoice } from '../../serving/checkpoints/checkpoint-models.js'
import type { ErrorCode } from '../../spec/error-codes.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { formProblems } from '../http/problem-codes.js'
import { binaryTypes } from '../predict/bodies.js'
import { Binary } from '../schemas.js'

export const rowOptions = {
  explain: Type.Optional(
    Type.Boolean({
      description: 'rows only: also return how much each column contributes (SHAP values)',
    }),
  ),
  unknownCategory: optionalWithDefault(
    Type.Enum(['missing', 'error'], {
      default: 'missing',
      description:
        'rows only: whether a category that training has not seen counts as missing or is an error',
    }),
  ),
  unknownColumn: optionalWithDefault(
    Type.Enum(['error', 'ignore'], {
      default: 'error',
      description:
        'rows only: whether a column that the data set does not have is an error or ignored; other columns of the data set are always ignored',
    }),
  ),
}

const Images = Type.Array(
  Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown())]),
  {
    minItems: 1,
    description:
      'images with values from 0 to 255, as [h][w][c], as [h][w] if c is 1, or flat; or image files, as { "b64": "…" }; or rows of a table, as objects by column or as arrays in the order of the columns, where null and an absent column are missing values. `inputs` in place of `instances` means the same, and may have rows as { "column": [values] }',
  },
)
const Instances = Type.Object({
  instances: Images,
  ...rowOptions,
})
const Form = strictObject({ image: Type.Array(Binary) })

export const predictionBody = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: Instances },
    'text/csv': { schema: Type.String({ description: 'a header and rows' }) },
    ...Object.fromEntries(binaryTypes.map(type => [type, { schema: Binary }])),
    'multipart/form-data': { schema: Form },
  },
})

export const predictionProblems = [
  ...formProblems,
  ...(['NOT_ACCEPTABLE', 'INVALID_INSTANCES', 'DATASET_TOO_LARGE', 'DATASET_FORMAT'] as const),
  ...(['DATASET_TRUNCATED', 'DATASET_ENCODING', 'DATASET_HEADER', 'DATASET_ROW'] as const),
  ...(['IMAGE_TOO_LARGE', 'NOT_AN_IMAGE', 'UNDECODABLE_IMAGE'] as const),
  ...(['PREDICTOR_BUSY', 'PREDICTOR_TIMEOUT', 'PREDICTOR_RESTARTED'] as const),
  ...(['PREDICTION_CANCELLED', 'PREDICTION_CRASHES'] as const),
] satisfies ErrorCode[]

export const checkpointParameter = {
  at: optionalWithDefault(
    Type.String({
      pattern: '^(latest|best|[1-9][0-9]{0,12})$',
      default: 'latest',
      description: 'the newest checkpoint, the best so far, or the one of a step',
    }),
  ),
}

/** Of the parameter `at`. */
export const checkpointChoice = (at: string): CheckpointChoice =>
  at === 'latest' || at === 'best' ? at : Number(at)
