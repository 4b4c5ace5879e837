import { type FileLocation, fileError } from '../errors.js'
import { type DatasetLimits, maxImageSide } from '../limits.js'
import type { Dimensions, ImageShape } from './image-source.js'

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
