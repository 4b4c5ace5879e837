import type { Notes } from '../../spec/notes.js'
import type { FileLocation } from '../errors.js'
import type { Dimensions } from './image-source.js'

/** An image as an upload holds it, before it is checked. */
export interface IncomingImage {
  /** The file, and the entry of an archive or the record, for messages. */
  location: FileLocation
  /**
   * The bytes of an image file, or uint8 pixels [height, width, channels]. The next image may overwrite
   * them.
   */
  content: Uint8Array
  /** Of pixels. Null for an image file, which says it itself. */
  shape: Dimensions | null
  /** The channels to which the upload says an image file is to be decoded. By default those that it has. */
  channels?: number | undefined
  /** The name of the class, or its number. All images of an upload have the same. */
  label: string | number
  /** Null if the upload has no splits. */
  split: string | null
  /** What the upload says of it beside its label, as a JSON object of texts; empty if that is nothing. */
  fields?: string
}

/** The images of an upload, in its order. They are read once. */
export interface ImageStream {
  images: AsyncIterable<IncomingImage> | Iterable<IncomingImage>
  /** The classes in the order of their numbers, or null if the labels say them. Call it after all images. */
  classNames(): readonly string[] | null
  /** Adds what was inferred or left out. Call it after all images. */
  addNotes?(notes: Notes): void
}
