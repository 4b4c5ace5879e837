interface ImageSize {
  height: number
  width: number
  channels: number
}

export interface CountLimits {
  /** Images as numbers, and as files, in one request. */
  instances: number
  imageFiles: number
  /** Numbers of all images of a request. */
  pixelValues: number
  /** Numbers that come out of a prediction. */
  predictionValues: number
}

/** How many images a body may have, by what they are. */
export interface ImageCounts {
  pixels: number
  files: number
}

/** A form may have so many images of any size. */
const fewImages = 32

/** How many images one request may have: the answer has a probability for each class, and all are in memory at once. */
export function imageCounts(input: ImageSize, classes: number, limits: CountLimits): ImageCounts {
  const answerable = Math.max(1, Math.floor(limits.predictionValues / Math.max(1, classes)))
  const holdable = Math.floor(limits.pixelValues / (input.height * input.width * input.channels))
  return {
    pixels: Math.min(limits.instances, answerable),
    files: Math.min(limits.imageFiles, answerable, Math.max(fewImages, holdable)),
  }
}
