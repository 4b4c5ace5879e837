import { type Static, Type } from 'typebox'
import { Name, Timestamp } from './identifiers.js'

/** The first 64 bits of the content's SHA-256, as for data sets. */
const weightsId = /^wt-[0-9a-f]{16}$/
export const WeightsId = Type.String({ pattern: weightsId.source })
export const isWeightsId = (text: string) => weightsId.test(text)

export const WeightsTensor = Type.Object({
  name: Type.String(),
  dtype: Type.String(),
  shape: Type.Array(Type.Integer()),
})
export type WeightsTensor = Static<typeof WeightsTensor>

const commonFields = {
  id: WeightsId,
  name: Name,
  createdAt: Timestamp,
  format: Type.Enum(['v1', 'v2'], {
    description: 'v2: .index and .data files; v1: the one file of before 2017',
  }),
  prefix: Type.String({ description: 'what a TensorFlow reader takes as the name' }),
  bytes: Type.Integer(),
}

/** An uploaded TensorFlow checkpoint. */
export const WeightsManifest = Type.Object({ ...commonFields, tensors: Type.Array(WeightsTensor) })
export type WeightsManifest = Static<typeof WeightsManifest>

/** As lists show it. */
export const WeightsSummary = Type.Object({ ...commonFields, tensors: Type.Integer() })
export type WeightsSummary = Static<typeof WeightsSummary>
