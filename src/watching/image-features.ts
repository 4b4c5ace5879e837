import type { CountedColumn } from './bins.js'

/** Pixels of an image that are looked at, at most; evenly spread. */
const maxPixels = 4096

const colours = ['red', 'green', 'blue', 'opacity']

/** What of images is counted, by the number of channels. */
export const imageColumns = (channels: number): CountedColumn[] =>
  ['brightness', 'contrast', ...(channels > 1 ? colours.slice(0, channels) : [])].map(
    (name, index) => ({ name, index, categories: null }),
  )

/**
 * Pixels 0 to 255, row-major [images, h, w, channels] → rows of what `imageColumns` names: the mean of all colours, their
 * standard deviation, and the mean of each colour. Opacity is in neither of the first two.
 */
export function imageFeatures(
  pixels: Float32Array,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
): Float32Array {
  const size = height * width * channels
  const images = pixels.length / size
  const columns = imageColumns(channels).length
  const rows = new Float32Array(images * columns)
  const stride = Math.ceil((height * width) / maxPixels)
  const opaque = channels === 4 ? 3 : channels
  for (let image = 0; image < images; image++) {
    const sums = [0, 0, 0, 0]
    let squares = 0
    let seen = 0
    for (let pixel = 0; pixel < height * width; pixel += stride, seen++) {
      const at = image * size + pixel * channels
      for (let channel = 0; channel < channels; channel++) {
        const value = pixels[at + channel]!
        sums[channel]! += value
        if (channel < opaque) squares += value * value
      }
    }
    const values = seen * opaque
    const mean = sums.slice(0, opaque).reduce((sum, one) => sum + one, 0) / values
    const row = image * columns
    rows[row] = mean
    rows[row + 1] = Math.sqrt(Math.max(0, squares / values - mean * mean))
    for (let channel = 0; channel < columns - 2; channel++)
      rows[row + 2 + channel] = sums[channel]! / seen
  }
  return rows
}
