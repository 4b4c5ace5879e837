import { contentKinds, type ImageFacts } from '../../../graph/ops/standard-image.js'
import { decodeBmp } from './bmp.js'
import type { ImageFormat } from './encoded-image.js'
import { describeImage } from './image-traits.js'

/** How the graph of a standard image takes the images of a format; those of pixels have none. */
export function contentKindOf(format: ImageFormat | null): ImageFacts['kind'] {
  if (format === 'PNG' || format === 'JPEG') return contentKinds.file
  return format === 'WebP' || format === 'GIF' ? contentKinds.colorFile : contentKinds.pixels
}

/** The bytes that the graph takes for an image file. Throws an ImageError if a BMP is damaged. */
export const graphContents = (
  file: Buffer,
  format: ImageFormat | null,
  channels: 1 | 3 | 4,
): Uint8Array => (format === 'BMP' ? decodeBmp(file, channels) : file)

/** What the graph takes for an image file. Throws an ImageError if its structure is damaged. */
export function graphInput(
  file: Uint8Array,
  channels: 1 | 3 | 4,
): { contents: Uint8Array; facts: ImageFacts } {
  const { format, orientation, height, width } = describeImage(file)
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  return {
    contents: graphContents(bytes, format, channels),
    facts: { kind: contentKindOf(format), orientation, height, width },
  }
}
