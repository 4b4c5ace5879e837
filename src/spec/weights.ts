import { type Static, Type } from 'typebox'
import { Name, Timestamp } from './identifiers.js'
import { type ResNetLayout, resNetLayouts } from './model-options.js'
import { WeightsNormalization } from './normalization.js'

/** The first 64 bits of the SHA-256 of the content, so equal uploads have one id. */
const weightsId = /^wt-[0-9a-f]{16}$/
export const WeightsId = Type.String({ pattern: weightsId.source })
export const isWeightsId = (text: string) => weightsId.test(text)

export const WeightsTensor = Type.Object({
  name: Type.String(),
  dtype: Type.String(),
  shape: Type.Array(Type.Integer()),
})
export type WeightsTensor = Static<typeof WeightsTensor>

/**
 * The name of a tensor that says how the ResNet v1 of a checkpoint of this server is laid out: its two
 * layouts have the same variables.
 */
export const layoutTensor = (layout: ResNetLayout) => `trainyard/layout/${layout}`

/** The layout that a checkpoint of this server says it has; undefined without one. */
export const writtenLayout = (names: readonly string[]): ResNetLayout | undefined =>
  resNetLayouts.find(layout => names.includes(layoutTensor(layout)))

const commonFields = {
  id: WeightsId,
  name: Name,
  createdAt: Timestamp,
  format: Type.Enum(['v1', 'v2'], {
    description:
      'v2: an .index file and .data files; v1: a single file, as TensorFlow wrote before 2017',
  }),
  prefix: Type.String({ description: 'name of the checkpoint, for tf.train.load_checkpoint' }),
  bytes: Type.Integer(),
  normalize: Type.Optional(WeightsNormalization),
}

/** An uploaded TensorFlow checkpoint. */
export const WeightsManifest = Type.Object({ ...commonFields, tensors: Type.Array(WeightsTensor) })
export type WeightsManifest = Static<typeof WeightsManifest>

/** An uploaded checkpoint in a list: `tensors` is their number. */
export const WeightsSummary = Type.Object({
  ...commonFields,
  tensors: Type.Integer({ description: 'number of tensors' }),
})
export type WeightsSummary = Static<typeof WeightsSummary>
