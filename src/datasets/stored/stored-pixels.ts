// Imports nothing that leads to TensorFlow: the decoder is loaded with the first PNG or JPEG.
import { DamagedError } from '../../errors.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { readEncodedHeader } from '../images/encoded/encoded-image.js'
import type { ImageDecoder } from '../images/encoded/image-decoder.js'
import { ImageError } from '../images/image-error.js'
import type { StoredDataset } from './stored-dataset.js'
import { imagePlaces, readImage } from './stored-images.js'

type StoredImages = StoredDataset<ImagesManifest>

export interface Pixels {
  /** [height, width, channels] */
  values: Uint8Array | Int32Array
  height: number
  width: number
  channels: 1 | 3 | 4
}

/** The pixels of images, in batches whose length the decoder chooses. */
export async function* readPixels(
  dataset: StoredImages,
  indices: readonly number[],
): AsyncGenerator<{ index: number; pixels: Pixels }> {
  const { manifest } = dataset
  const { height, width, channels } = manifest
  const places = await imagePlaces(dataset)
  if (manifest.encoding === 'raw') {
    for (const index of indices) {
      const values = readImage(dataset, places, index).image
      yield { index, pixels: { values, height, width, channels } }
    }
    return
  }
  const decoder = await decoderFor(manifest)
  for (let from = 0; from < indices.length; from += decoder.batchSize) {
    const batch = indices.slice(from, from + decoder.batchSize)
    const files = batch.map(index => readImage(dataset, places, index).image)
    for (const [i, values] of decoder.decode(files).entries()) {
      const index = batch[i]!
      if (values instanceof ImageError) throw damagedImage(dataset, index, values)
      const size = readEncodedHeader(files[i]!)
      yield {
        index,
        pixels: { values, height: size.height, width: size.width, channels },
      }
    }
  }
}

let decoder: { shape: string; opened: Promise<ImageDecoder> } | undefined

/** Loads TensorFlow at the first call. */
function decoderFor({ height, width, channels }: ImagesManifest): Promise<ImageDecoder> {
  const shape = `${height} x ${width} x ${channels}`
  if (decoder?.shape !== shape) {
    const opened = import('../images/encoded/image-decoder.js').then(({ ImageDecoder }) =>
      ImageDecoder.open({ height, width, channels }),
    )
    decoder = { shape, opened }
  }
  return decoder.opened
}

const damagedImage = ({ key }: StoredImages, index: number, error: ImageError) =>
  new DamagedError(
    `${key}/shards`,
    `have a damaged image, number ${index}: ${error.message}`,
    error,
  )
