import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

export const servedPrecisions = ['fp32', 'bf16', 'int8'] as const
export type ServedPrecision = (typeof servedPrecisions)[number]

export const RequestedPrecision = Type.Enum(['auto', ...servedPrecisions], {
  default: 'auto',
  description:
    'number format that predictions are computed in. auto: bf16 on processors with bf16 instructions, if the loss of accuracy was measured and is within the limit, else fp32. int8 needs to be asked for',
})
export type RequestedPrecision = Static<typeof RequestedPrecision>

/** How the network of a job will be served. */
export const ServingOptions = strictObject(
  {
    precision: Type.Optional(RequestedPrecision),
    maxAccuracyLoss: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.005,
        description:
          'largest difference of the accuracy to that of fp32, as a share of the images. If it is larger, the model is published all the same and served in fp32',
      }),
    ),
  },
  { default: {} },
)
export type ServingOptions = Static<typeof ServingOptions>
export type ServingPlan = Required<ServingOptions>

/** That of jobs and models that are older than the options. */
export const fp32Serving = { precision: 'fp32', maxAccuracyLoss: 0.005 } as const
