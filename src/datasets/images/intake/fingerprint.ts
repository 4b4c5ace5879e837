// Perceptual fingerprints of images: what two versions of a picture share after it was scaled, compressed or
// slightly changed.
import type { ImageShape } from '../image-source.js'

/** 64 bits: whether each cell of a grid is brighter than the one to its right (http://www.hackerfactor.com/blog/?/archives/529-Kind-of-Like-That.html). */
export interface Fingerprint {
  high: number
  low: number
  /** The brightness of 16 parts of the image, left and right of 8 rows. */
  parts: Uint8Array
}

const rows = 8
const columns = 9
/** Along a side of a cell. */
const maxSamples = 6
export const partCount = 2 * rows

/** Computes fingerprints of images of one shape. The cells are sampled, since all pixels would take longer and tell no more. */
export class Fingerprinter {
  private readonly offsets: Int32Array
  private readonly samplesPerCell: number
  private readonly cells = new Float64Array(rows * columns)

  constructor(private readonly shape: ImageShape) {
    const { height, width, channels } = shape
    const down = samplesAlong(height / rows)
    const across = samplesAlong(width / columns)
    this.samplesPerCell = down * across
    this.offsets = new Int32Array(rows * columns * this.samplesPerCell)
    let at = 0
    for (let cell = 0; cell < rows * columns; cell++) {
      const [row, column] = [Math.floor(cell / columns), cell % columns]
      for (let i = 0; i < this.samplesPerCell; i++) {
        const y = Math.floor(((row + (Math.floor(i / across) + 0.5) / down) * height) / rows)
        const x = Math.floor(((column + ((i % across) + 0.5) / across) * width) / columns)
        this.offsets[at++] = (y * width + x) * channels
      }
    }
  }

  compute(pixels: Uint8Array): Fingerprint {
    const { cells, offsets, samplesPerCell } = this
    // the fourth channel is no colour
    const colors = Math.min(3, this.shape.channels)
    for (let cell = 0, at = 0; cell < cells.length; cell++) {
      let sum = 0
      for (let i = 0; i < samplesPerCell; i++) {
        const offset = offsets[at++]!
        for (let color = 0; color < colors; color++) sum += pixels[offset + color]!
      }
      cells[cell] = sum / (samplesPerCell * colors)
    }
    return { ...bitsOf(cells), parts: partsOf(cells) }
  }
}

const samplesAlong = (pixels: number) => Math.max(1, Math.min(maxSamples, Math.round(pixels)))

function bitsOf(cells: Float64Array): { high: number; low: number } {
  const words = [0, 0]
  for (let bit = 0; bit < rows * (columns - 1); bit++) {
    const cell = Math.floor(bit / (columns - 1)) * columns + (bit % (columns - 1))
    if (cells[cell]! > cells[cell + 1]!) words[bit >> 5]! |= 1 << (31 - (bit & 31))
  }
  return { high: words[0]! >>> 0, low: words[1]! >>> 0 }
}

function partsOf(cells: Float64Array): Uint8Array {
  const parts = new Uint8Array(partCount)
  for (let part = 0; part < partCount; part++) {
    const first = Math.floor(part / 2) * columns + (part % 2) * 5
    let sum = 0
    for (let i = 0; i < 4; i++) sum += cells[first + i]!
    parts[part] = Math.round(sum / 4)
  }
  return parts
}

export const fingerprintHex = ({ high, low }: Pick<Fingerprint, 'high' | 'low'>): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
