/** A batch of images is padded to one of these, since a runtime prepares itself for each size. */
export const batchSizes = [1, 2, 4, 8, 16, 32] as const

export const maxBatch = 32

/** The smallest size that holds so many images. */
export const paddedSize = (images: number): number =>
  batchSizes.find(size => size >= images) ?? images
