import { describeImage } from '../datasets/images/encoded/image-traits.js'
import { ImageError } from '../datasets/images/image-error.js'
import { TrainyardError } from '../errors.js'
import type { ImagesInput } from '../spec/ipc-messages.js'
import type { Note } from '../spec/note.js'
import { checkImage } from './check-image.js'
import { type FileInput, imageNotes } from './image-notes.js'

/** Image files as they are sent, and what will be done to them. */
export interface ReadImages {
  input: ImagesInput
  notes: Note[]
}

interface FilesOptions {
  input: FileInput
  maxPixels: number
  /** The path of the file at an index, for errors. */
  pathOf(index: number): string
  /** What a message calls the file. */
  nameOf?(index: number): string
}

/** Throws unless every file is an image that can be read, as far as its structure tells. */
export function readImageFiles(files: readonly Uint8Array[], options: FilesOptions): ReadImages {
  const { input, maxPixels, pathOf, nameOf = index => `image ${index}` } = options
  const described = files.map((file, index) => {
    checkImage(file, pathOf(index), maxPixels)
    try {
      return describeImage(file)
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      throw undecodable(pathOf(index), nameOf(index), error)
    }
  })
  return {
    input: { kind: 'images', files: [...files] },
    notes: imageNotes(described, input).all,
  }
}

function undecodable(path: string, name: string, cause: ImageError): TrainyardError {
  const message = `${name} cannot be decoded: the file is damaged after its header: ${cause.message}`
  return new TrainyardError('UNDECODABLE_IMAGE', message, {
    errors: [{ path, code: 'invalid_value', message }],
    cause,
  })
}
