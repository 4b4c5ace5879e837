// WebP: RIFF chunks (https://developers.google.com/speed/webp/docs/riff_container).
import { ImageError } from '../image-error.js'
import { maxParts, tooManyParts } from './max-parts.js'

interface WebpHeader {
  height: number
  width: number
  hasAlpha: boolean
  /** The data of the chunk EXIF, if there is one. */
  exif: Buffer | null
}

export const isWebp = (bytes: Uint8Array): boolean =>
  bytes.length >= 16 && latin1(bytes, 0, 4) === 'RIFF' && latin1(bytes, 8, 12) === 'WEBP'

const latin1 = (bytes: Uint8Array, start: number, end: number) =>
  String.fromCharCode(...bytes.subarray(start, end))

/** Throws an ImageError if the header is damaged, the file is cut off, or it is an animation. */
export function readWebpHeader(webp: Buffer): WebpHeader {
  const end = 8 + webp.readUInt32LE(4)
  if (end > webp.length) throw new ImageError('the WebP ends in the middle')
  let found: WebpHeader | null = null
  let exif: Buffer | null = null
  let count = 0
  for (let at = 12; at + 8 <= end; ) {
    if (++count > maxParts) throw new ImageError(tooManyParts('WebP', 'chunks'))
    const type = webp.toString('latin1', at, at + 4)
    const length = webp.readUInt32LE(at + 4)
    const data = webp.subarray(at + 8, at + 8 + length)
    if (at + 8 + length > end || data.length < length) {
      throw new ImageError(`the WebP ends in the middle, within its chunk ${type.trim()}`)
    }
    if (type === 'EXIF') exif ??= data
    else found ??= readSize(type, data)
    at += 8 + length + (length % 2)
  }
  if (!found) throw new ImageError('the WebP is damaged: it has no chunk VP8, VP8L or VP8X')
  return { ...found, exif }
}

function readSize(type: string, data: Buffer): WebpHeader | null {
  if (!['VP8 ', 'VP8L', 'VP8X'].includes(type)) return null
  if (data.length < (type === 'VP8L' ? 5 : 10)) {
    throw new ImageError('the WebP ends within its header')
  }
  if (type === 'VP8X') {
    if (data[0]! & 0x02) {
      throw new ImageError('the WebP is an animation, which is not read: save one image of it')
    }
    const [width, height] = [data.readUIntLE(4, 3) + 1, data.readUIntLE(7, 3) + 1]
    return { height, width, hasAlpha: (data[0]! & 0x10) > 0, exif: null }
  }
  if (type === 'VP8L') {
    const bits = data.readUInt32LE(1)
    if (data[0] !== 0x2f) throw new ImageError('the WebP is damaged: VP8L has no signature')
    const [width, height] = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
    return { height, width, hasAlpha: (bits & (1 << 28)) !== 0, exif: null }
  }
  if (data.readUIntBE(3, 3) !== 0x9d012a) {
    throw new ImageError('the WebP is damaged: VP8 has no start code')
  }
  const [width, height] = [data.readUInt16LE(6) & 0x3fff, data.readUInt16LE(8) & 0x3fff]
  return { height, width, hasAlpha: false, exif: null }
}
