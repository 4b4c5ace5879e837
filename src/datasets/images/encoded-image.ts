// Reads the size of a PNG or JPEG from its header, without decoding it.

export interface EncodedHeader {
  height: number
  width: number
  /** The channels that the training graph decodes to: 1 for grayscale, 3 for color. */
  channels: 1 | 3
}

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export const isEncodedImage = (bytes: Uint8Array): boolean => isPng(bytes) || isJpeg(bytes)

/** Returns null if the header is damaged, or if TensorFlow cannot decode this kind of image. */
export function readEncodedHeader(bytes: Uint8Array): EncodedHeader | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = isPng(buffer)
    ? parsePngHeader(buffer)
    : isJpeg(buffer)
      ? parseJpegHeader(buffer)
      : null
  return header && header.height > 0 && header.width > 0 ? header : null
}

const isPng = (bytes: Uint8Array) => bytes.length >= 8 && pngSignature.equals(bytes.subarray(0, 8))

const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

/** A PNG begins with its signature and the chunk IHDR: length, name, width, height, bit depth, color type. */
function parsePngHeader(png: Buffer): EncodedHeader | null {
  if (png.length < 33 || png.toString('latin1', 12, 16) !== 'IHDR') return null
  const grayscale = png[25] === 0 || png[25] === 4
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), channels: grayscale ? 1 : 3 }
}

/** Walks JPEG segments to the start of frame: marker, length, precision, height, width, components. */
function parseJpegHeader(jpeg: Buffer): EncodedHeader | null {
  let offset = 2
  while (offset + 10 <= jpeg.length) {
    const marker = jpeg[offset + 1]!
    if (jpeg[offset] !== 0xff) return null
    if (marker === 0xff) {
      offset += 1 // a fill byte
    } else if (isStartOfFrame(marker)) {
      const [height, width] = [jpeg.readUInt16BE(offset + 5), jpeg.readUInt16BE(offset + 7)]
      return { height, width, channels: jpeg[offset + 9] === 1 ? 1 : 3 }
    } else {
      offset += 2 + Math.max(2, jpeg.readUInt16BE(offset + 2))
    }
  }
  return null
}

/** C0 to CF, except Huffman tables (C4), the reserved C8, and arithmetic coding conditions (CC). */
const isStartOfFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
