import type { Notes } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import { readEncodedHeader } from './encoded/encoded-image.js'
import type { ImageDecoder } from './encoded/image-decoder.js'
import { findTraits, type ImageTrait } from './encoded/image-traits.js'
import { ImageError } from './image-error.js'
import type { ImageSource } from './image-source.js'
import type { PixelStatistics } from './pixel-statistics.js'

/** Decodes each image of a set once to find damage and the statistics of the pixels. */
export class DecodedSurvey {
  private pending: { record: number; image: Uint8Array }[] = []
  private readonly traits = new Map<ImageTrait, number>()
  private greyImages = 0

  static async open(source: ImageSource, pixels: PixelStatistics): Promise<DecodedSurvey> {
    // TensorFlow takes a second to load, which other sets do not need
    const { ImageDecoder } = await import('./encoded/image-decoder.js')
    return new DecodedSurvey(source, pixels, await ImageDecoder.open(source.shape))
  }

  private constructor(
    private readonly source: ImageSource,
    private readonly pixels: PixelStatistics,
    private readonly decoder: ImageDecoder,
  ) {}

  /** Copies the image. Throws DATASET_IMAGE if this image or one before it is damaged. */
  add(record: number, image: Uint8Array): void {
    this.pending.push({ record, image: Uint8Array.from(image) })
    if (this.pending.length === this.decoder.batchSize) this.finish()
  }

  /** Throws DATASET_IMAGE for the first damaged image. */
  finish(): void {
    const decoded = this.decoder.decode(this.pending.map(({ image }) => image))
    for (const [i, pixels] of decoded.entries()) {
      const { record, image } = this.pending[i]!
      if (pixels instanceof ImageError) {
        throw fileError('DATASET_IMAGE', this.source.location(record), pixels.message, pixels)
      }
      this.pixels.add(pixels)
      if (readEncodedHeader(image).channels === 1) this.greyImages++
      for (const trait of findTraits(image)) {
        this.traits.set(trait, (this.traits.get(trait) ?? 0) + 1)
      }
    }
    this.pending = []
  }

  addNotes(notes: Notes): void {
    const found = [...traitTexts].flatMap(([trait, text]) => {
      const count = this.traits.get(trait)
      return count ? [`${count} ${text}`] : []
    })
    const { shape, records } = this.source
    if (shape.channels === 3 && this.greyImages > 0 && this.greyImages < records) {
      found.unshift(`${this.greyImages} are grey and get three equal channels`)
    }
    if (shape.channels === 1 && this.greyImages < records) {
      found.unshift(`${records - this.greyImages} have colour, of which the brightness is used`)
    }
    if (found.length === 0) return
    notes.add('images_converted', `of ${records} images, ${found.join('; ')}`)
  }
}

const traitTexts: ReadonlyMap<ImageTrait, string> = new Map([
  ['transparent', 'have transparency, which is left out'],
  ['sixteenBit', 'have 16 bits per channel, of which the upper 8 are used'],
  ['cmyk', 'are CMYK and are converted to RGB'],
  ['turned', 'are marked to be shown turned (EXIF orientation), and are used as they are stored'],
])
