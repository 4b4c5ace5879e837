import { type Static, Type } from 'typebox'
import { closed } from './closed.js'

const jitter = (what: string) =>
  Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, default: 0, description: `${what}: 1 ± this, times` }),
  )
const noJitter = { brightness: 0, contrast: 0, saturation: 0 }

/** How training images vary from step to step. Each default changes nothing. */
export const Augmentation = closed(
  {
    flip: Type.Optional(
      Type.Boolean({ default: false, description: 'left to right, every other image' }),
    ),
    padCrop: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 512,
        default: 0,
        description: 'pixels of black on each side before a crop to the old size',
      }),
    ),
    randomResizedCrop: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        default: 1,
        description: "smallest part of an image's area to fill the whole; up to 4:3 stretched",
      }),
    ),
    cutout: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 4096,
        default: 0,
        description: "side of a square of the data's mean colour, pixels",
      }),
    ),
    colorJitter: Type.Optional(
      closed(
        {
          brightness: jitter('all values'),
          contrast: jitter('distance from the mean grey'),
          saturation: jitter('distance from grey'),
        },
        { default: noJitter },
      ),
    ),
    mixup: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 10,
        default: 0,
        description: 'alpha of the beta distribution by which pairs of images and labels are mixed',
      }),
    ),
  },
  { default: {} },
)
export type AugmentationRequest = Static<typeof Augmentation>
export type Augmentation = Required<Omit<AugmentationRequest, 'colorJitter'>> & {
  colorJitter: typeof noJitter
}
