import type { Notes } from '../../../spec/notes.js'
import type { FileProblems } from '../../file-problems.js'
import type { FileList } from '../file-list.js'
import type { ImageFields } from './image-fields.js'

/** The images of an upload with what its layout says about them. */
export interface LabelledImages {
  images: FileList
  /** For each image, an index into `labels`; -1 if the layout says nothing, which is a problem already. */
  labelIds: Int32Array
  labels: readonly (string | number)[]
  /** For each image, an index into `splits`. Null without splits. */
  splitIds: Uint8Array | null
  splits: readonly string[]
  /** What the upload says of the images beside their labels. */
  fields: ImageFields
  classNames: readonly string[] | null
  /** Adds what was inferred. */
  addNotes(notes: Notes): void
}

/** What a layout needs to read labels. */
export interface LayoutInput {
  images: FileList
  /** Texts, which may name labels. */
  texts: FileList
  /** The names of the classes by the form field `labels`. */
  declared: readonly string[] | null
  /** Takes what is wrong with the upload as a whole. */
  structure: FileProblems
  /** Takes the error of an image that has no label, or of a label without an image. */
  addProblem(error: unknown): void
}

/** Numbers the splits in the usual order. */
export class SplitList {
  readonly names: string[] = []

  idOf(name: string): number {
    const known = this.names.indexOf(name)
    if (known >= 0) return known
    this.names.push(name)
    return this.names.length - 1
  }
}
