// Reads the size of an image file from its header, without decoding it.

import { ImageError } from '../image-error.js'
import { isBmp, readBmpHeader } from './bmp.js'
import { isGif, readGifHeader } from './gif.js'
import { segmentsBeforeScan } from './jpeg-structure.js'
import { isWebp, readWebpHeader } from './webp.js'

/** The formats of image files that are read. The first two stay as they are in a data set. */
export const imageFormats = ['PNG', 'JPEG', 'WebP', 'GIF', 'BMP'] as const
export type ImageFormat = (typeof imageFormats)[number]

export interface EncodedHeader {
  format: ImageFormat
  height: number
  width: number
  /** The channels that the training graph decodes to: 1 for grayscale, 3 for color. */
  channels: 1 | 3
}

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export const isEncodedImage = (bytes: Uint8Array): boolean => formatOf(bytes) !== null

/** The format by the first bytes of a file; null if it is no image that is read. */
export function formatOf(bytes: Uint8Array): ImageFormat | null {
  if (isPng(bytes)) return 'PNG'
  if (isJpeg(bytes)) return 'JPEG'
  if (isWebp(bytes)) return 'WebP'
  if (isGif(bytes)) return 'GIF'
  return isBmp(bytes) ? 'BMP' : null
}

/** Throws an ImageError if the header is damaged, or if this kind of image is not read. */
export function readEncodedHeader(bytes: Uint8Array): EncodedHeader {
  const format = formatOf(bytes)
  if (!format) throw new ImageError(`the image is none of ${imageFormats.join(', ')}`)
  const header = parsers[format](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (header.height > 0 && header.width > 0) return { format, ...header }
  throw new ImageError(`the ${format} is ${header.height} x ${header.width} pixels`)
}

type ParsedHeader = Omit<EncodedHeader, 'format'>

const parsers: Readonly<Record<ImageFormat, (bytes: Buffer) => ParsedHeader>> = {
  PNG: bytes => parsePngHeader(bytes),
  JPEG: bytes => parseJpegHeader(bytes),
  WebP(bytes) {
    const { height, width } = readWebpHeader(bytes)
    return { height, width, channels: 3 }
  },
  GIF(bytes) {
    const { height, width } = readGifHeader(bytes)
    return { height, width, channels: 3 }
  },
  BMP: readBmpHeader,
}

const isPng = (bytes: Uint8Array) => bytes.length >= 8 && pngSignature.equals(bytes.subarray(0, 8))

const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

/** A PNG begins with its signature and the chunk IHDR: length, name, width, height, bit depth, color type. */
function parsePngHeader(png: Buffer): ParsedHeader {
  if (png.length < 33) throw new ImageError('the PNG ends within its header')
  if (png.toString('latin1', 12, 16) !== 'IHDR') {
    throw new ImageError('the PNG is damaged: its first chunk is not IHDR')
  }
  const channels = png[25] === 0 || png[25] === 4 ? 1 : 3
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), channels }
}

function parseJpegHeader(jpeg: Buffer): ParsedHeader {
  for (const { marker, data } of segmentsBeforeScan(jpeg)) {
    if (isStartOfFrame(marker) && data.length >= 6) return parseStartOfFrame(marker, data)
    if (marker === startOfScan || marker === endOfImage) {
      throw new ImageError('the JPEG is damaged: there is no frame header')
    }
  }
  throw new ImageError('the JPEG ends within its header')
}

const startOfScan = 0xda
const endOfImage = 0xd9

/** C0 to CF, except Huffman tables (C4), the reserved C8, and arithmetic coding conditions (CC). */
const isStartOfFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** Baseline, extended sequential and progressive, all with Huffman coding. */
const lastDecodableFrame = 0xc2

/** A frame header: precision, height, width, number of components. */
function parseStartOfFrame(kind: number, frame: Buffer): ParsedHeader {
  const [precision, components] = [frame[0]!, frame[5]!]
  const cure = 'save it as a baseline JPEG with 8 bits'
  if (kind > lastDecodableFrame) {
    const name = kind === 0xc3 ? 'lossless' : kind > 0xc8 ? 'arithmetic-coded' : 'hierarchical'
    throw new ImageError(`the JPEG is ${name} (SOF${kind - 0xc0}), which is not read: ${cure}`)
  }
  if (precision !== 8) {
    throw new ImageError(`the JPEG has ${precision} bits per sample, which is not read: ${cure}`)
  }
  if (components !== 1 && components !== 3 && components !== 4) {
    throw new ImageError(`the JPEG has ${components} components, expected 1, 3 or 4`)
  }
  return {
    height: frame.readUInt16BE(1),
    width: frame.readUInt16BE(3),
    channels: components === 1 ? 1 : 3,
  }
}
