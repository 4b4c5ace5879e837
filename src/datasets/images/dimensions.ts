import { fileError, type Place } from '../errors.js'
import { type Limits, longestSide } from '../limits.js'
import type { Dimensions, ImageShape } from './image-source.js'

/**
 * The dimensions of raw pixels from their byte count and what is known. Without any, a square of one
 * or three channels: a square of four has the bytes of a grey one with twice the side, so it must be
 * said. The second answer names the missing form fields where the count leaves a choice. Whether
 * the count fits is the caller's to check.
 */
export function rawDimensions(
  bytes: number,
  { height, width, channels }: Partial<Dimensions>,
): Dimensions | { missing: string[] } {
  if (height && width) {
    const nearest = Math.max(1, Math.round(bytes / (height * width)))
    return { height, width, channels: channels ?? nearest }
  }
  if (height || width) {
    const other = bytes / ((height ?? width)! * (channels ?? Number.NaN))
    if (Number.isInteger(other) && other > 0) {
      return { height: height ?? other, width: width ?? other, channels: channels! }
    }
  } else {
    for (const count of channels ? [channels] : [1, 3]) {
      const side = Math.sqrt(bytes / count)
      if (Number.isInteger(side) && side > 0) return { height: side, width: side, channels: count }
    }
  }
  const known = { height, width, channels }
  return { missing: Object.keys(known).filter(name => !known[name as keyof typeof known]) }
}

export function checkedShape(place: Place, dimensions: Dimensions, limits: Limits): ImageShape {
  const { height, width, channels } = dimensions
  const { pixels, recordBytes } = limits
  const found = `the images are ${height} x ${width} x ${channels}`
  if (height * width > pixels || height * width * channels > recordBytes) {
    const trouble = `${found}, expected at most ${pixels} pixels and ${recordBytes} bytes`
    throw fileError('DATASET_TOO_LARGE', place, trouble)
  }
  if (isChannels(channels)) return { height, width, channels }
  throw fileError('DATASET_DIMENSIONS', place, `${found}, expected 1, 3 or 4 channels`)
}

const isChannels = (count: number): count is ImageShape['channels'] =>
  count === 1 || count === 3 || count === 4

export const isDimension = (side: keyof Dimensions, value: number): boolean =>
  side === 'channels'
    ? isChannels(value)
    : Number.isInteger(value) && value >= 1 && value <= longestSide

export const dimensionRange = (side: keyof Dimensions): string =>
  side === 'channels' ? '1, 3 or 4' : `an integer from 1 to ${longestSide}`

/** What somebody says of the size must be so. */
export function checkStated(
  stated: Partial<Dimensions>,
  shape: Dimensions,
  place: Place,
  who: 'the form' | 'the record',
): void {
  for (const side of ['height', 'width', 'channels'] as const) {
    if (stated[side] !== undefined && stated[side] !== shape[side]) {
      const trouble = `${who} says ${side} ${stated[side]}, expected ${shape[side]}`
      throw fileError('DATASET_SIZE_MISMATCH', place, trouble)
    }
  }
}
