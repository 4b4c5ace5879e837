import { readEncodedHeader } from './encoded-image.js'
import { segments } from './jpeg-structure.js'
import { pngChunks } from './png-structure.js'

/** What an image has that the training graph does not read as a person may expect. */
export type ImageTrait = 'transparent' | 'sixteenBit' | 'cmyk' | 'turned'

/** The traits of a PNG or JPEG that can be decoded. */
export function findTraits(image: Uint8Array): ImageTrait[] {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  return readEncodedHeader(image).format === 'PNG' ? pngTraits(bytes) : jpegTraits(bytes)
}

function pngTraits(png: Buffer): ImageTrait[] {
  const traits: ImageTrait[] = []
  const [bitDepth, colorType] = [png[24]!, png[25]!]
  const hasAlpha = colorType === 4 || colorType === 6
  if (hasAlpha || pngChunks(png).some(({ type }) => type === 'tRNS')) traits.push('transparent')
  if (bitDepth === 16) traits.push('sixteenBit')
  return traits
}

function jpegTraits(jpeg: Buffer): ImageTrait[] {
  const traits: ImageTrait[] = []
  for (const { marker, data } of segments(jpeg)) {
    if (marker === 0xda) break
    const isFrame = marker >= 0xc0 && marker <= 0xc2
    if (isFrame && data[5] === 4) traits.push('cmyk')
    if (marker === 0xe1 && exifOrientation(data) > 1) traits.push('turned')
  }
  return traits
}

/** The tag 0x0112 of the first directory of an APP1 segment (TIFF 6.0, section 2); 1 is upright. */
function exifOrientation(app1: Buffer): number {
  if (app1.toString('latin1', 0, 6) !== 'Exif\0\0' || app1.length < 14) return 1
  const tiff = app1.subarray(6)
  const isLittle = tiff.toString('latin1', 0, 2) === 'II'
  const uint16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return 1
  const entries = uint16(directory)
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry
    if (at + 12 > tiff.length) return 1
    if (uint16(at) === 0x0112) return uint16(at + 8)
  }
  return 1
}
