import { type EncodedHeader, readEncodedHeader } from './encoded-image.js'
import { exifOrientation, isExifSegment } from './exif.js'
import { readGifHeader } from './gif.js'
import { segmentsBeforeScan } from './jpeg-structure.js'
import { type PngChunk, pngChunks } from './png-structure.js'
import { readWebpHeader } from './webp.js'

/** What an image has that is not read as a person may expect; and whether a JPEG has restart markers. */
export const imageTraits = ['transparent', 'sixteenBit', 'cmyk', 'animated', 'restarts'] as const
export type ImageTrait = (typeof imageTraits)[number]

/** What the bytes of an image file say of it, apart from its pixels. */
export interface ImageDescription extends EncodedHeader {
  /** EXIF orientation, 1 to 8. */
  orientation: number
  traits: ImageTrait[]
}

/** Throws an ImageError if the file is damaged in its structure, or of a kind that is not read. */
export function describeImage(image: Uint8Array): ImageDescription {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  const header = readEncodedHeader(bytes)
  switch (header.format) {
    case 'PNG':
      return { ...header, ...describePng(bytes) }
    case 'JPEG':
      return { ...header, ...describeJpeg(bytes) }
    case 'WebP': {
      const { hasAlpha, exif } = readWebpHeader(bytes)
      const orientation = exif ? exifOrientation(exif) : 1
      return { ...header, orientation, traits: hasAlpha ? ['transparent'] : [] }
    }
    case 'GIF': {
      const isAnimated = readGifHeader(bytes).frames === 'more'
      return { ...header, orientation: 1, traits: isAnimated ? ['animated'] : [] }
    }
    default:
      return { ...header, orientation: 1, traits: [] }
  }
}

type Described = Pick<ImageDescription, 'orientation' | 'traits'>

function describePng(png: Buffer): Described {
  const traits: ImageTrait[] = []
  const [bitDepth, colorType] = [png[24]!, png[25]!]
  const chunks = pngChunks(png)
  const hasAlpha = colorType === 4 || colorType === 6
  if (hasAlpha || find(chunks, 'tRNS')) traits.push('transparent')
  if (bitDepth === 16) traits.push('sixteenBit')
  const exif = find(chunks, 'eXIf')
  return { orientation: exif ? exifOrientation(exif.data) : 1, traits }
}

const find = (chunks: readonly PngChunk[], name: string) => chunks.find(({ type }) => type === name)

function describeJpeg(jpeg: Buffer): Described {
  const traits: ImageTrait[] = []
  let orientation = 1
  for (const { marker, data } of segmentsBeforeScan(jpeg)) {
    if (marker === 0xda) break
    const isFrame = marker >= 0xc0 && marker <= 0xc2
    if (isFrame && data[5] === 4) traits.push('cmyk')
    if (marker === 0xdd) traits.push('restarts')
    if (marker === 0xe1 && orientation === 1 && isExifSegment(data)) {
      orientation = exifOrientation(data)
    }
  }
  return { orientation, traits }
}
