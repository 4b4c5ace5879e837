import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

const perChannel = 'for pixels from 0 to 255; one value for each channel, or one for all'
const Means = Type.Array(Type.Number({ minimum: -1e6, maximum: 1e6 }), {
  minItems: 1,
  maxItems: 4,
  description: `what is subtracted, ${perChannel}`,
})
const Deviations = Type.Array(Type.Number({ minimum: 1e-6, maximum: 1e6 }), {
  minItems: 1,
  maxItems: 4,
  description: `what the difference is divided by, ${perChannel}`,
})

interface MeanAndStd {
  mean: number[]
  std: number[]
}

/**
 * Normalizations by name, as the frameworks' own weights need them. The order of the channels is always
 * red, green, blue: TF-Slim converted Caffe's weights to it, and Keras's `caffe` mode reverses it.
 */
export const normalizationPresets = {
  /** TF-Slim's `vgg_preprocessing`: VGG and ResNet v1. */
  caffe: { mean: [123.68, 116.779, 103.939], std: [1, 1, 1] },
  /** TF-Slim's `inception_preprocessing`, Keras's `tf` mode: ResNet v2. */
  inception: { mean: [127.5], std: [127.5] },
  /** 255 times (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225). */
  torchvision: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
} as const satisfies Record<string, Readonly<{ mean: readonly number[]; std: readonly number[] }>>

type PresetName = keyof typeof normalizationPresets
const presetNames = Object.keys(normalizationPresets) as PresetName[]

const meanAndStd = strictObject({ mean: Means, std: Deviations })
const presetDescription =
  'caffe: subtracts 123.68, 116.779, 103.939 (red, green, blue), as for the VGG and ResNet v1 of TF-Slim; inception: scales to -1 to 1, as for its ResNet v2; torchvision: mean 123.675, 116.28, 103.53 and deviation 58.395, 57.12, 57.375'

/** How the images of weights were normalized. */
export const WeightsNormalization = Type.Union([
  meanAndStd,
  Type.Enum([...presetNames], { description: presetDescription }),
])
export type WeightsNormalization = Static<typeof WeightsNormalization>

/** What a job may ask for. `dataset`: the data set's own mean and deviation. */
export const RequestedNormalization = Type.Union(
  [
    meanAndStd,
    Type.Enum([...presetNames, 'dataset'], {
      description: `${presetDescription}; dataset: the mean and deviation of the data set`,
    }),
  ],
  {
    description:
      'how images are normalized; if absent, as the images of the model, job or weights were; if that is not known, by the mean and deviation of the data set',
  },
)
export type RequestedNormalization = Static<typeof RequestedNormalization>

/** What a network's images are normalized with: (pixel - mean) / std, for pixels from 0 to 255. */
export const Normalization = Type.Object({
  mean: Type.Array(Type.Number(), { description: 'by channel, for pixels from 0 to 255' }),
  std: Type.Array(Type.Number(), { description: 'by channel, for pixels from 0 to 255' }),
  from: Type.Enum(['dataset', 'weights', 'request'], {
    description:
      'whose they are: of the data set, of the model, job or weights of initFrom, or of initFrom.normalize',
  }),
})
export type Normalization = Static<typeof Normalization>

/** One value for all channels stands for each; others are as many as the channels. Else a message says why not. */
export function normalizationFor(
  normalization: WeightsNormalization,
  channels: number,
): MeanAndStd | string {
  const name = typeof normalization === 'string' ? `'${normalization}'` : '{ mean, std }'
  const { mean, std } =
    typeof normalization === 'string' ? normalizationPresets[normalization] : normalization
  for (const [field, { length }] of [['mean', mean] as const, ['std', std] as const]) {
    if (length === 1 || length === channels) continue
    return `${name} has ${length} values of ${field}, but the images have ${channels} ${channels === 1 ? 'channel' : 'channels'}`
  }
  if (isForUnitPixels({ mean, std }))
    return `mean [${mean.join(', ')}] and std [${std.join(', ')}] are for pixels from 0 to 1, but pixels are from 0 to 255 here: multiply both by 255`
  const spread = (values: readonly number[]) =>
    Array.from({ length: channels }, (_, channel) => values[channel] ?? values[0]!)
  return { mean: spread(mean), std: spread(std) }
}

/** Pixels of 0 to 255 divided by less than 1 would be huge; 0 and 1 leave pixels as they are. */
const isForUnitPixels = ({ mean, std }: { mean: readonly number[]; std: readonly number[] }) =>
  mean.every(value => value >= 0 && value <= 1) && std.every(value => value < 1)
