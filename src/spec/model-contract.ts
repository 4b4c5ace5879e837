import { type Static, Type } from 'typebox'
import { CellFormat } from './dataset.js'
import { FeatureColumn } from './feature-column.js'
import { Name } from './identifiers.js'
import { ImagePreprocessing } from './model.js'
import { nullable } from './nullable.js'

/** A tensor; -1 is the number of instances. */
export const TensorContract = Type.Object({
  name: Type.String(),
  dtype: Type.String(),
  shape: Type.Array(Type.Integer(), { description: '-1 is the number of images or rows' }),
})
export type TensorContract = Static<typeof TensorContract>

const requestLimits = Type.Object({
  instances: Type.Integer({ description: 'images or rows in one request' }),
  files: Type.Optional(Type.Integer({ description: 'image files in one request' })),
  textBytes: Type.Integer({ description: 'bytes of a body of JSON or CSV' }),
  binaryBytes: Type.Integer({ description: 'bytes of any other body' }),
})

const ContractExample = Type.Object({
  contentType: Type.String(),
  body: Type.Unknown({ description: 'a body that the model predicts from' }),
})

const commonFields = {
  model: Name,
  version: Type.Integer(),
  inputs: Type.Array(TensorContract, {
    description: 'what the model computes with, once a body is read',
  }),
  outputs: Type.Array(TensorContract),
  labels: Type.Array(Type.String(), { description: 'class names, by index' }),
  accepts: Type.Array(Type.String(), { description: 'media types of bodies' }),
  answers: Type.Array(Type.String(), { description: 'media types of answers' }),
  limits: requestLimits,
  example: ContractExample,
}

export const NetworkContract = Type.Object({
  ...commonFields,
  kind: Type.Literal('images'),
  preprocessing: Type.Object({
    ...ImagePreprocessing.properties,
    height: Type.Integer(),
    width: Type.Integer(),
    channels: Type.Enum([1, 3, 4], {
      description: '1: brightness; 3: red, green and blue; 4: these and opacity',
    }),
    range: Type.Array(Type.Number(), {
      description: 'the smallest and the largest value of a pixel that is sent as a number',
    }),
    formats: Type.Array(Type.String(), { description: 'image files that are read' }),
  }),
  normalization: Type.Object(
    { mean: Type.Array(Type.Number()), std: Type.Array(Type.Number()) },
    { description: 'by channel, of pixels from 0 to 255; the model itself does it' },
  ),
})
export type NetworkContract = Static<typeof NetworkContract>

export const BoostingContract = Type.Object({
  ...commonFields,
  kind: Type.Literal('rows'),
  columns: Type.Array(FeatureColumn, { description: 'in the order of a row that is a list' }),
  offset: nullable(
    Type.String(),
    'the column that is added to the margin, after the others in a list; each row needs it',
  ),
  target: Type.String({ description: 'the column that is predicted' }),
  unusedColumns: Type.Array(Type.String(), {
    description: 'rows may have them, and they are passed over',
  }),
  missing: Type.Object(
    { values: Type.Array(Type.String()), unknownCategory: Type.Literal('missing') },
    {
      description:
        'what means a missing value in each format; and a category that training has not seen, unless a request says `error`',
    },
  ),
  cellFormat: nullable(CellFormat, 'how the cells of a CSV are written; null: as in most'),
})
export type BoostingContract = Static<typeof BoostingContract>

/** What a version takes, what it does to it, and what it answers: enough to call it without other knowledge. */
export const ModelContract = Type.Union([NetworkContract, BoostingContract])
export type ModelContract = Static<typeof ModelContract>
