import type { ImagesManifest } from '../../../src/spec/dataset.js'

/** What is read, and how each image is augmented; every subject also flips half of the images. */
export interface PipelineCase {
  name: string
  /** Width and height of the photographs in pixels; null: different ones, about 500 x 375. */
  side: number | null
  /** Width of the border of 0 around an image, of which a crop of the image's size is taken. */
  padCrop: number
  /** The smallest share of the area of crops that are resized to the image's size; 1: no such crop. */
  minArea: number
}

/** Width and height of the images in a batch. */
export const imageSide = 224
export const imagesEachBatch = 32

export const pipelineCases: readonly PipelineCase[] = [
  { name: 'jpegs-224-crop', side: imageSide, padCrop: 16, minArea: 1 },
  { name: 'jpegs-224-resized-crop', side: imageSide, padCrop: 0, minArea: 0.25 },
  { name: 'photos-500-crop', side: null, padCrop: 16, minArea: 1 },
  { name: 'photos-500-resized-crop', side: null, padCrop: 0, minArea: 0.25 },
]

/** The data set that trainyard has made of an archive of photographs. */
export interface StoredImages {
  manifest: ImagesManifest
  /** The folder with its `shards/`. */
  folder: string
}

/** The `prepare` request. */
export interface PipelineRequest extends Omit<PipelineCase, 'name'> {
  stored: StoredImages
  /** A folder of the same photographs, with one folder for each class. */
  photos: string
  /** The mean and standard deviation of each channel, of pixels from 0 to 255. */
  mean: readonly number[]
  std: readonly number[]
  imageSide: number
  imagesEachBatch: number
  /** Batches of a step. */
  batches: number
  /** Batches that are read before a step and do not count: a subject prepares some while others have their turn. */
  preparedBatches: number
  /** A folder that a subject may write below. */
  tempFolder: string
}
