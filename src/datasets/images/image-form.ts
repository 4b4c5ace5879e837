import type { ImageResize } from '../../spec/dataset.js'
import type { Dimensions } from './image-source.js'

export const featureRoles = ['image', 'label', 'height', 'width', 'channels'] as const
export type FeatureRole = (typeof featureRoles)[number]

/** The names of the features of a tf.train.Example; it may lack those of the size. */
export type FeatureNames = Readonly<Record<FeatureRole, string>>

export const pixelTypes = ['uint8', 'float32'] as const
export type PixelType = (typeof pixelTypes)[number]

/** The values of black and white. */
export const pixelRanges = ['0..1', '0..255', '-1..1'] as const
export type PixelRange = (typeof pixelRanges)[number]

/** Where the channels are in arrays of images, by Keras' names. PyTorch has them first. */
export const imageLayouts = ['channels_last', 'channels_first'] as const
export type ImageLayout = (typeof imageLayouts)[number]

/** The options of a form that concern images. The rest is detected from the files. */
export interface ImageForm {
  dimensions: Partial<Dimensions>
  /** The names of the classes, in the order of their numbers. */
  labels: string[] | null
  features: Partial<FeatureNames> | null
  pixelType: PixelType | null
  pixelRange: PixelRange | null
  /** The size to which all images are brought. Null if the server chooses it where sizes differ. */
  resize: ImageResize | null
  layout: ImageLayout | null
}
