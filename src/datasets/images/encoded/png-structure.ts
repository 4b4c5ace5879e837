import { inflateSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { formatChecksum } from '../../errors.js'
import { ImageError } from '../image-error.js'
import { maxParts, tooManyParts } from './max-parts.js'

export interface PngChunk {
  type: string
  data: Buffer
}

/**
 * Chunks (https://www.w3.org/TR/png-3/#5Chunk-layout): length, type, data, CRC-32 of type and data. Throws an
 * ImageError if a PNG with an intact header is cut off or has a wrong checksum. A decoder may read over both.
 */
export function pngChunks(png: Buffer): PngChunk[] {
  const chunks: PngChunk[] = []
  for (let offset = 8; offset < png.length; ) {
    if (chunks.length === maxParts) throw new ImageError(tooManyParts('PNG', 'chunks'))
    if (offset + 12 > png.length) throw new ImageError('the PNG ends in the middle')
    const length = png.readUInt32BE(offset)
    const type = png.toString('latin1', offset + 4, offset + 8)
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw new ImageError(`the PNG is damaged: there is no chunk at its byte ${offset}`)
    }
    if (offset + 12 + length > png.length) {
      throw new ImageError(`the PNG ends in the middle, within its chunk ${type}`)
    }
    const end = offset + 8 + length
    const [found, expected] = [png.readUInt32BE(end), crc32(png.subarray(offset + 4, end))]
    if (found !== expected) {
      const checksums = `${formatChecksum(found)}, expected ${formatChecksum(expected)}`
      throw new ImageError(
        `the PNG is damaged: the checksum of its chunk ${type} at its byte ${offset} is ${checksums}`,
      )
    }
    chunks.push({ type, data: png.subarray(offset + 8, end) })
    if (type === 'IEND') return chunks
    offset = end + 4
  }
  throw new ImageError('the PNG ends without its last chunk, IEND')
}

/** Says why a PNG cannot be decoded whose chunks are intact. */
export function explainPng(png: Buffer): string {
  const chunks = pngChunks(png)
  const data = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(chunk => chunk.data))
  if (data.length === 0) return 'the PNG has no pixels: there is no chunk IDAT'
  const rows = rowLengths(chunks[0]!.data)
  const expected = rows.reduce((sum, length) => sum + length, 0)
  let pixels: Buffer
  try {
    pixels = inflateSync(data, { maxOutputLength: expected + 1 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return 'the PNG is damaged: it has more pixels than its header says'
    }
    return `the PNG is damaged: its compressed pixels are not valid (${(error as Error).message})`
  }
  if (pixels.length < expected) {
    return `the PNG's header promises ${expected} bytes of pixels, and there are ${pixels.length}`
  }
  let start = 0
  for (const length of rows) {
    const filter = pixels[start]!
    if (filter > 4) return `the PNG is damaged: a row has the filter ${filter}, expected 0 to 4`
    start += length
  }
  return 'the PNG is damaged'
}

/** The bytes of each row with its filter, in the order of storage (also of Adam7's seven passes). */
function rowLengths(header: Buffer): number[] {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const samples = [1, 0, 3, 1, 2, 0, 4][header[9]!] ?? 0
  const bits = header[8]! * samples
  const passes = header[12] === 1 ? adam7 : [[0, 0, 1, 1] as const]
  return passes.flatMap(([x, y, dx, dy]) => {
    const columns = Math.ceil(Math.max(0, width - x) / dx)
    const rows = Math.ceil(Math.max(0, height - y) / dy)
    if (columns === 0) return []
    return Array<number>(rows).fill(1 + Math.ceil((columns * bits) / 8))
  })
}

/** The first column, the first row and the distances of the pixels of each pass. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const
