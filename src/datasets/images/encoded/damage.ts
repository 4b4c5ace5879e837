import { ImageError } from '../image-error.js'
import { type ImageFormat, readEncodedHeader } from './encoded-image.js'
import { checkJpegData } from './jpeg-entropy.js'
import { checkJpegEnd } from './jpeg-structure.js'
import { explainPng, pngChunks } from './png-structure.js'

/**
 * Finds damage that a decoder may pass over: a PNG or JPEG that is cut off, or that has less data than its header
 * says. Reads all of it.
 */
export function findDamage(image: Uint8Array): ImageError | null {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  return caught(() => {
    const { format } = readEncodedHeader(bytes)
    if (format === 'PNG') pngChunks(bytes)
    if (format !== 'JPEG') return
    checkJpegEnd(bytes)
    checkJpegData(bytes)
  })
}

/** Says what is wrong with a file that a decoder has refused for a reason. */
export function explainDamage(image: Uint8Array, format: ImageFormat, reason: string): ImageError {
  const found = findDamage(image)
  if (found) return found
  if (format === 'PNG') {
    const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
    return new ImageError(explainPng(bytes))
  }
  return new ImageError(`the ${format} is damaged: ${reason}`)
}

/** Returns the ImageError that work throws. */
export function caught(work: () => void): ImageError | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof ImageError) return error
    if (error instanceof RangeError) return new ImageError('a part of the image is too short')
    throw error
  }
}
