import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

/** What a prediction of a class may consist of. */
export const predictionOutputs = ['label', 'probability', 'probabilities', 'logits'] as const
export type PredictionOutput = (typeof predictionOutputs)[number]

/** What a prediction of a class consists of if a request does not say it. */
export const defaultOutputs = (topK: number | null): readonly PredictionOutput[] =>
  topK === null ? ['label', 'probability', 'probabilities'] : ['label', 'probability']

/** The formats of answers, and their media types; the first is the default. */
export const predictionFormats = {
  json: 'application/json',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
} as const
export type PredictionFormat = keyof typeof predictionFormats

/** The types of the numbers in a body of raw numbers. */
export const tensorTypes = ['uint8', 'float32', 'float64'] as const
export type TensorType = (typeof tensorTypes)[number]

/** As many of the most probable classes as an answer may list. */
export const maxTopK = 100

/** What an answer contains, and how it is written. */
export const AnswerOptions = strictObject({
  format: Type.Optional(
    Type.Enum(Object.keys(predictionFormats) as PredictionFormat[], {
      description: 'overrides the Accept header',
    }),
  ),
  topK: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxTopK,
      description:
        'models of classes only: return so many of the most probable classes as `top`, in place of all probabilities',
    }),
  ),
  outputs: Type.Optional(
    Type.Array(Type.Enum(predictionOutputs), {
      minItems: 1,
      maxItems: predictionOutputs.length,
      description:
        'models of classes only: what a prediction has; `label` comes with `index`, and logits are of networks only. By default label, probability and probabilities; with `topK`, label and probability',
    }),
  ),
})
export type AnswerOptions = Static<typeof AnswerOptions>

const TensorShape = Type.String({ pattern: '^\\d{1,9}(,\\d{1,9}){0,3}$' })

/** Of a body of raw numbers: `application/octet-stream` without a shape is an image file. */
export const TensorOptions = strictObject({
  shape: Type.Optional({
    ...TensorShape,
    description:
      'with application/octet-stream: the body is little-endian numbers of this shape, such as 2,28,28,1, and no image file; the header Tensor-Shape means the same',
  }),
  dtype: Type.Optional(
    Type.Enum(tensorTypes, {
      description: 'with `shape`: the type of the numbers; the header Tensor-Dtype means the same',
    }),
  ),
})
export type TensorOptions = Static<typeof TensorOptions>

export const TensorHeaders = Type.Object({
  'tensor-shape': Type.Optional({ ...TensorShape, description: 'as `shape` in the query' }),
  'tensor-dtype': Type.Optional(Type.Enum(tensorTypes, { description: 'as `dtype` in the query' })),
})
