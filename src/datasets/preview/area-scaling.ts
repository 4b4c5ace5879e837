export interface Size {
  height: number
  width: number
}

/** The largest size with the same aspect ratio in a square with this side. */
export function fitInto(side: number, { height, width }: Size): Size {
  const scale = side / Math.max(height, width)
  return {
    height: Math.max(1, Math.round(height * scale)),
    width: Math.max(1, Math.round(width * scale)),
  }
}

/**
 * Scales uint8 pixels [height, width, channels] to another size. Each pixel of the result is the mean of the area
 * that it covers, so a smaller image is antialiased, and a larger one has sharp pixels.
 */
export function scaleByArea(
  pixels: Uint8Array | Int32Array,
  from: Size & { channels: number },
  to: Size,
): Uint8Array {
  const { channels } = from
  const columns = spansOf(from.width, to.width)
  const rows = spansOf(from.height, to.height)
  const result = new Uint8Array(to.height * to.width * channels)
  const sums = new Float64Array(channels)
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      sums.fill(0)
      for (let i = 0; i < row.weights.length; i++) {
        const rowOffset = (row.first + i) * from.width
        for (let j = 0; j < column.weights.length; j++) {
          const weight = row.weights[i]! * column.weights[j]!
          const offset = (rowOffset + column.first + j) * channels
          for (let c = 0; c < channels; c++) sums[c]! += weight * pixels[offset + c]!
        }
      }
      const offset = (y * to.width + x) * channels
      for (let c = 0; c < channels; c++) result[offset + c] = Math.round(sums[c]!)
    }
  }
  return result
}

/** The source pixels that a pixel of the result covers, with shares that add up to 1. */
interface Span {
  first: number
  weights: number[]
}

function spansOf(from: number, to: number): Span[] {
  const step = from / to
  return Array.from({ length: to }, (_, position) => {
    const start = position * step
    const end = Math.min(from, start + step)
    const first = Math.min(Math.floor(start), from - 1)
    const weights: number[] = []
    for (let i = first; i < end; i++) {
      const share = (Math.min(end, i + 1) - Math.max(start, i)) / step
      // less is an error of rounding
      if (share > 1e-9) weights.push(share)
      else if (weights.length === 0) weights.push(0)
    }
    return { first, weights }
  })
}
