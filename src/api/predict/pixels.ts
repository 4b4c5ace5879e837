import type { FieldError } from '../../errors.js'
import type { ReadImages } from '../../serving/image-files.js'

export interface ImageShape {
  height: number
  width: number
  channels: 1 | 3 | 4
}

export const valuesPerImage = ({ height, width, channels }: ImageShape): number =>
  height * width * channels

/** Images that have the size of the model; nothing is done to them. */
export const pixelsOf = (data: Float32Array, input: ImageShape): ReadImages => {
  const { height, width, channels } = input
  const shape = [data.length / valuesPerImage(input), height, width, channels] as const
  return { input: { kind: 'pixels', data, shape: [...shape] }, notes: [] }
}

export function checkPixel(value: number): Pick<FieldError, 'code' | 'message'> | null {
  if (value >= 0 && value <= 255) return null
  return { code: 'out_of_range', message: `is ${value}, expected 0 to 255` }
}

/** Copies numbers to pixels. Throws an error with the image, row, column and channel of the first that is none. */
export function copyPixelNumbers(
  pixels: Float32Array,
  numbers: ArrayLike<number>,
  shape: ImageShape,
  /** The image that the numbers begin with, and its place in the request. */
  { first, path }: { first: number; path: string },
): { path: string; message: string } | null {
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!
    pixels[i] = value
    if (value >= 0 && value <= 255) continue
    const { height, width, channels } = shape
    const place = [
      first + Math.floor(i / (height * width * channels)),
      Math.floor(i / (width * channels)) % height,
      Math.floor(i / channels) % width,
      i % channels,
    ]
    return { path: `${path}/${place.join('/')}`, message: checkPixel(value)!.message }
  }
  return null
}

export function describeInput({ height, width, channels }: ImageShape): string {
  const flat = channels === 1 ? `, [${height}][${width}]` : ''
  return `[${height}][${width}][${channels}]${flat} or flat, ${height * width * channels} numbers`
}
