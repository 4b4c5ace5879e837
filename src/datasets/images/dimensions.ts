import { type FileLocation, fileError } from '../errors.js'
import { type DatasetLimits, maxImageSide } from '../limits.js'
import type { Dimensions, ImageShape } from './image-source.js'

/**
 * Derives the dimensions of raw pixels from their byte count and the known dimensions. If none is known,
 * the image is a square with one or three channels; four channels must be stated, since such a square
 * has as many bytes as a grayscale one of twice the side. If the count leaves a choice, `missing` names
 * the form fields that would decide. The caller checks whether the count fits.
 */
export function inferRawDimensions(
  bytes: number,
  { height, width, channels }: Partial<Dimensions>,
): Dimensions | { missing: string[] } {
  if (height && width) {
    const inferredChannels = Math.max(1, Math.round(bytes / (height * width)))
    return { height, width, channels: channels ?? inferredChannels }
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

export function validateShape(
  location: FileLocation,
  dimensions: Dimensions,
  limits: DatasetLimits,
): ImageShape {
  const { height, width, channels } = dimensions
  const { pixels, recordBytes } = limits
  const found = `the images are ${height} x ${width} x ${channels}`
  if (height * width > pixels || height * width * channels > recordBytes) {
    const detail = `${found}, expected at most ${pixels} pixels and ${recordBytes} bytes`
    throw fileError('DATASET_TOO_LARGE', location, detail)
  }
  if (isChannels(channels)) return { height, width, channels }
  throw fileError('DATASET_DIMENSIONS', location, `${found}, expected 1, 3 or 4 channels`)
}

const isChannels = (count: number): count is ImageShape['channels'] =>
  count === 1 || count === 3 || count === 4

export const isDimension = (name: keyof Dimensions, value: number): boolean =>
  name === 'channels'
    ? isChannels(value)
    : Number.isInteger(value) && value >= 1 && value <= maxImageSide

export const dimensionRange = (name: keyof Dimensions): string =>
  name === 'channels' ? '1, 3 or 4' : `an integer from 1 to ${maxImageSide}`

/** Throws if the stated dimensions do not match the actual ones. */
export function checkDeclared(
  declared: Partial<Dimensions>,
  shape: Dimensions,
  location: FileLocation,
  declaredBy: 'the form' | 'the record',
): void {
  for (const name of ['height', 'width', 'channels'] as const) {
    if (declared[name] !== undefined && declared[name] !== shape[name]) {
      const detail = `${declaredBy} says ${name} ${declared[name]}, expected ${shape[name]}`
      throw fileError('DATASET_SIZE_MISMATCH', location, detail)
    }
  }
}
