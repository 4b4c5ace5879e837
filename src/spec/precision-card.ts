import { type Static, Type } from 'typebox'
import { NoteList } from './note.js'
import { nullable } from './nullable.js'
import { RequestedPrecision, servedPrecisions } from './serving-options.js'

const share = { minimum: 0, maximum: 1 }

export const PrecisionAccuracy = Type.Object({
  precision: Type.Enum([...servedPrecisions]),
  runtime: Type.Enum(['tensorflow', 'openvino'], {
    description: 'the library that it was measured with',
  }),
  accuracy: Type.Number({ ...share, description: 'share of the images whose class is predicted' }),
  accuracyLoss: Type.Number({
    description: 'accuracy of fp32 minus this accuracy; negative if this one is higher',
  }),
  agreement: Type.Number({
    ...share,
    description: 'share of the images for which fp32 predicts the same class',
  }),
})
export type PrecisionAccuracy = Static<typeof PrecisionAccuracy>

const part = Type.Enum(['validation', 'training'], {
  description: 'training: of the images that the model was trained on, as there are no others',
})

export const MeasuredImages = Type.Object({
  part,
  images: Type.Integer({ description: 'their number, evenly spread over the data' }),
})
export type MeasuredImages = Static<typeof MeasuredImages>

/** What a network is served in, and what that costs: part of its manifest. */
export const PrecisionCard = Type.Object({
  requested: Type.Unsafe<RequestedPrecision>({
    ...RequestedPrecision,
    description: 'serving.precision of the job',
  }),
  served: Type.Enum([...servedPrecisions], {
    description:
      'what predictions are computed in; a processor without bf16 instructions computes bf16 in fp32',
  }),
  maxAccuracyLoss: Type.Number(),
  measured: nullable(
    MeasuredImages,
    'the images that the accuracies are of; null if nothing was measured',
  ),
  calibrated: nullable(MeasuredImages, 'the images that int8 was calibrated with; null without'),
  accuracies: Type.Array(PrecisionAccuracy, { description: 'of each precision that was measured' }),
  notes: NoteList,
})
export type PrecisionCard = Static<typeof PrecisionCard>
