import type { ImagesManifest } from '../../spec/dataset.js'
import type { FileLocation } from '../errors.js'

/** Dimensions as a file or form states them. */
export interface Dimensions {
  height: number
  width: number
  channels: number
}

/** Dimensions that passed the checks. */
export type ImageShape = Pick<ImagesManifest, 'height' | 'width' | 'channels'>

export interface Sample {
  /** Raw pixels, or a PNG or JPEG file. The next read overwrites them. */
  image: Uint8Array
  label: number
}

/** Checked images of one size, in the order of upload. */
export interface ImageSource {
  readonly shape: ImageShape
  readonly encoding: 'raw' | 'encoded'
  readonly records: number
  /** Checks all of the record except the pixels of a PNG or JPEG. */
  read(record: number): Sample
  /** The location of a record, or of its label in IDX, for error messages. */
  location(record: number): FileLocation
}
