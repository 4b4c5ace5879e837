import { imageSize } from 'image-size'
import { formatOf, imageFormats } from '../datasets/images/encoded/encoded-image.js'
import { TrainyardError } from '../errors.js'

const magicNumbers = {
  PNG: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  JPEG: [0xff, 0xd8, 0xff],
}

/** How far to search for a JPEG's size, which comes after its metadata. */
const maxHeaderBytes = 1 << 20

/** Throws if `bytes` is no image of a format that is read, or has more than `maxPixels` pixels. */
export function checkImage(bytes: Uint8Array, path: string, maxPixels: number): void {
  const format = formatOf(bytes)
  if (!format) throw notAnImage(path, describeMismatch(bytes))
  const { width, height } = sizeOf(bytes, format, path)
  if (width < 1 || height < 1) throw notAnImage(path, `its header states ${width}x${height} pixels`)
  if (width * height > maxPixels) {
    const message = `the image has ${width}x${height} pixels, expected at most ${maxPixels} in all`
    throw new TrainyardError('IMAGE_TOO_LARGE', message, {
      errors: [{ path, code: 'too_large', message }],
    })
  }
}

function sizeOf(bytes: Uint8Array, format: string, path: string) {
  try {
    return imageSize(bytes.subarray(0, maxHeaderBytes))
  } catch {
    // the parser's own message does not help a client
    const read = Math.min(bytes.length, maxHeaderBytes)
    throw notAnImage(path, `it begins as ${format}, but has no size in its first ${read} bytes`)
  }
}

/** Describes the first byte that differs from the magic number with the longest match. */
function describeMismatch(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty'
  const position = Math.max(
    ...Object.values(magicNumbers).map(magic => magic.findIndex((byte, i) => bytes[i] !== byte)),
  )
  const byte = bytes[position]
  if (byte === undefined) return `it ends at byte ${position}`
  const expected = Object.entries(magicNumbers)
    .filter(
      ([, magic]) =>
        position < magic.length && magic.findIndex((b, i) => bytes[i] !== b) === position,
    )
    .map(([name, magic]) => `${hex(magic[position]!)} (${name})`)
  return `byte ${position} is ${hex(byte)}, expected ${expected.join(' or ')}`
}

const known = `${imageFormats.slice(0, -1).join(', ')} or ${imageFormats.at(-1)}`

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`

function notAnImage(path: string, reason: string): TrainyardError {
  const message = `not a ${known} image: ${reason}`
  return new TrainyardError('NOT_AN_IMAGE', message, {
    errors: [{ path, code: 'not_an_image', message }],
  })
}
