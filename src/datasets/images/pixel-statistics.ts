/** Counts the byte values of each channel. The result is exact and independent of the order. */
export class PixelStatistics {
  /** 256 counts of each channel. */
  private readonly counts: Float64Array
  /** Those of one image: small numbers are counted in less time. */
  private readonly imageCounts: Uint32Array

  constructor(private readonly channels: number) {
    this.counts = new Float64Array(256 * channels)
    this.imageCounts = new Uint32Array(256 * channels)
  }

  /** Adds the pixels of one image that has the channels of the set. */
  add(pixels: Uint8Array): void {
    const { channels, counts, imageCounts } = this
    imageCounts.fill(0)
    if (channels === 3) {
      for (let at = 0; at < pixels.length; at += 3) {
        imageCounts[pixels[at]!]!++
        imageCounts[256 + pixels[at + 1]!]!++
        imageCounts[512 + pixels[at + 2]!]!++
      }
    } else {
      for (let at = 0; at < pixels.length; at++) {
        imageCounts[256 * (at % channels) + pixels[at]!]!++
      }
    }
    for (let i = 0; i < counts.length; i++) counts[i]! += imageCounts[i]!
  }

  /** Mean and standard deviation of each channel. */
  moments(): { mean: number[]; std: number[] } {
    const mean: number[] = []
    const std: number[] = []
    for (let channel = 0; channel < this.channels; channel++) {
      const histogram = this.counts.subarray(256 * channel, 256 * (channel + 1))
      const pixels = histogram.reduce((sum, count) => sum + count, 0)
      const channelMean = histogram.reduce((sum, count, value) => sum + count * value, 0) / pixels
      const variance =
        histogram.reduce((sum, count, value) => sum + count * (value - channelMean) ** 2, 0) /
        pixels
      mean.push(channelMean)
      // Images are divided by the deviation, which is 0 in a channel of one value.
      std.push(Math.sqrt(variance) || 1)
    }
    return { mean, std }
  }
}
