import type { ImagesManifest } from '../../spec/dataset.js'
import type { Notes } from '../../spec/notes.js'
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
  /** Raw pixels, or an image file. The next read overwrites them. */
  image: Uint8Array
  label: number
  /** The channels to which the upload says an image file is to be decoded. */
  channels?: number | undefined
}

/** Images that can be read by their number, in the order of upload. */
export interface ImageSource {
  /** The names of the classes, if the form or the records say them. */
  readonly classNames: readonly string[] | null
  /** Of pixels. Null if the images are files. */
  readonly shape: ImageShape | null
  readonly records: number
  /** Checks all of the record except the content of an image file. */
  read(record: number): Sample
  /** The location of a record, or of its label in IDX, for error messages. */
  location(record: number): FileLocation
  /** Adds what was inferred or converted. Call it after all records have been read. */
  addNotes?(notes: Notes): void
}
