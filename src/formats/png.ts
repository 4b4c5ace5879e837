// PNG (https://www.w3.org/TR/png-3/): a signature, then chunks of a length, a name, data and a CRC-32.
import { deflateSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'

export interface PixelShape {
  height: number
  width: number
  /** 1: grey, 3: RGB, 4: RGB and opacity. */
  channels: 1 | 3 | 4
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const colorTypes = { 1: 0, 3: 2, 4: 6 } as const

/** Encodes uint8 pixels [height, width, channels]. */
export function encodePng(pixels: Uint8Array, shape: PixelShape): Buffer {
  const { height, width, channels } = shape
  const expected = height * width * channels
  if (pixels.length !== expected) {
    throw new RangeError(`${pixels.length} bytes of pixels, expected ${expected}`)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, colorTypes[channels]], 8)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(filterRows(pixels, width * channels, channels))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(name: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(name, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

const paethFilter = 4

/** Each row is stored as it is (filter 0) or as differences to its neighbours (Paeth), whichever are smaller. */
function filterRows(pixels: Uint8Array, rowBytes: number, pixelBytes: number): Buffer {
  const rows = pixels.length / rowBytes
  const filtered = Buffer.alloc(pixels.length + rows)
  const differences = new Uint8Array(rowBytes)
  for (let row = 0; row < rows; row++) {
    const start = row * rowBytes
    let plainSum = 0
    let differenceSum = 0
    for (let i = 0; i < rowBytes; i++) {
      const value = pixels[start + i]!
      const left = i >= pixelBytes ? pixels[start + i - pixelBytes]! : 0
      const up = row > 0 ? pixels[start + i - rowBytes]! : 0
      const upLeft = row > 0 && i >= pixelBytes ? pixels[start + i - rowBytes - pixelBytes]! : 0
      const difference = (value - paeth(left, up, upLeft)) & 0xff
      differences[i] = difference
      plainSum += value < 128 ? value : 256 - value
      differenceSum += difference < 128 ? difference : 256 - difference
    }
    const to = start + row
    if (differenceSum < plainSum) {
      filtered[to] = paethFilter
      filtered.set(differences, to + 1)
    } else {
      filtered.set(pixels.subarray(start, start + rowBytes), to + 1)
    }
  }
  return filtered
}

/** The neighbour that is nearest to left + up - upLeft. */
function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft
  const toLeft = Math.abs(estimate - left)
  const toUp = Math.abs(estimate - up)
  const toUpLeft = Math.abs(estimate - upLeft)
  if (toLeft <= toUp && toLeft <= toUpLeft) return left
  return toUp <= toUpLeft ? up : upLeft
}
