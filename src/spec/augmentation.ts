import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

const jitter = (what: string) =>
  Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: `multiplies ${what} by a random factor between 1 - x and 1 + x, where x is this number; 0: off`,
    }),
  )
const noJitter = { brightness: 0, contrast: 0, saturation: 0 }

export const ColorJitter = strictObject(
  {
    brightness: jitter('all values'),
    contrast: jitter('the difference of all values from the mean of the image'),
    saturation: jitter('the difference of each pixel from its gray value (3 channels only)'),
  },
  { default: noJitter },
)

/** How training images are varied at random. Every default leaves the images unchanged. */
export const Augmentation = strictObject(
  {
    flip: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'mirrors each image left to right with probability 0.5',
      }),
    ),
    padCrop: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 512,
        default: 0,
        description:
          'adds this many black pixels on each side, then crops a random window of the original size; 0: off',
      }),
    ),
    randomResizedCrop: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        default: 1,
        description:
          'crops a random window of at least this share of the area, stretched by up to 4:3, and resizes it to the full image; 1: off',
      }),
    ),
    cutout: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 4096,
        default: 0,
        description:
          'side, in pixels, of a square at a random position that is filled with the mean color of the data set; 0: off',
      }),
    ),
    colorJitter: Type.Optional(ColorJitter),
    mixup: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 10,
        default: 0,
        description:
          'mixes pairs of images and their labels; their shares have a beta distribution with this alpha; 0: off',
      }),
    ),
  },
  { default: {}, description: 'random changes of the training images' },
)
export type AugmentationRequest = Static<typeof Augmentation>
export type Augmentation = Required<Omit<AugmentationRequest, 'colorJitter'>> & {
  colorJitter: typeof noJitter
}
