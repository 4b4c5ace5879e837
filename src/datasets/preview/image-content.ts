import { encodePng } from '../../formats/png.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { readEncodedHeader } from '../images/encoded/encoded-image.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { imagePlaces, readImage } from '../stored/stored-images.js'
import { readPixels } from '../stored/stored-pixels.js'
import type { ImageType } from './preview-tasks.js'

/** An image as it is stored; raw pixels, and others if `asPng`, as a PNG. */
export async function imageContent(
  dataset: StoredDataset<ImagesManifest>,
  { index, asPng }: { index: number; asPng: boolean },
): Promise<{ content: Uint8Array; type: ImageType }> {
  if (dataset.manifest.encoding === 'encoded') {
    const content = readImage(dataset, await imagePlaces(dataset), index).image
    const { format } = readEncodedHeader(content)
    if (format === 'PNG') return { content, type: 'image/png' }
    if (!asPng) return { content, type: 'image/jpeg' }
  }
  for await (const { pixels } of readPixels(dataset, [index])) {
    return { content: encodePng(Uint8Array.from(pixels.values), pixels), type: 'image/png' }
  }
  throw new RangeError(`there is no image ${index}`)
}
