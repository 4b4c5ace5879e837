import type { ImagesManifest } from '../../spec/dataset.js'
import type { FileLocation } from '../errors.js'

/** As a file or form states them. */
export interface Dimensions {
  height: number
  width: number
  channels: number
}

/** Dimensions that passed the checks. */
export type ImageShape = Pick<ImagesManifest, 'height' | 'width' | 'channels'>

export interface Sample {
  /** Raw pixels, or a PNG or JPEG file. Overwritten by the next read. */
  image: Uint8Array
  label: number
}

/** Checked images of one size, in the order of upload. */
export interface ImageSource {
  readonly shape: ImageShape
  readonly encoding: 'raw' | 'encoded'
  readonly records: number
  read(record: number): Sample
  /** Where a record's label is. */
  location(record: number): FileLocation
}
