import { ImageError } from '../image-error.js'
import { type PixelRange, pixelRanges } from '../image-form.js'

/** The values of black and white. */
const ranges: Readonly<Record<PixelRange, readonly [black: number, white: number]>> = {
  '0..1': [0, 1],
  '0..255': [0, 255],
  '-1..1': [-1, 1],
}

/** Float32 values (little-endian) of one image. Throws an ImageError if one is not finite. */
export function readFloats(image: Uint8Array): Float32Array {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  const values = new Float32Array(Math.floor(image.length / 4))
  for (let i = 0; i < values.length; i++) {
    const value = view.getFloat32(4 * i, true)
    if (!Number.isFinite(value)) throw new ImageError(`the value ${i} of the image is ${value}`)
    values[i] = value
  }
  return values
}

/** The range that a set has by its least and greatest values; null if they fit none that is usual. */
export function inferRange(min: number, max: number): PixelRange | null {
  if (min < 0) return null
  if (max <= 1) return '0..1'
  return max <= 255 ? '0..255' : null
}

/** Turns float32 pixels into uint8, the type in which images are stored. */
export class FloatPixels {
  /** The most by which a value was changed to make it whole, in steps of 1/255 of the range. */
  largestRounding = 0

  constructor(readonly range: PixelRange) {}

  /** Throws an ImageError if a value lies outside of the range. */
  toBytes(image: Uint8Array): Uint8Array {
    return this.valuesToBytes(readFloats(image))
  }

  /** The same for values that are read already. */
  valuesToBytes(values: Float32Array | Float64Array): Uint8Array {
    const [black, white] = ranges[this.range]
    const bytes = new Uint8Array(values.length)
    for (const [i, value] of values.entries()) {
      if (value < black || value > white) {
        throw new ImageError(
          `the value ${i} of the image is ${value}, expected ${black} to ${white}: the form field range is one of ${pixelRanges.join(', ')}`,
        )
      }
      const exact = ((value - black) / (white - black)) * 255
      const whole = Math.round(exact)
      bytes[i] = whole
      this.largestRounding = Math.max(this.largestRounding, Math.abs(exact - whole))
    }
    return bytes
  }
}
