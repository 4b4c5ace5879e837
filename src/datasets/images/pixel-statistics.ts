/** Counts the byte values of each channel. The result is exact and independent of the order. */
export class PixelStatistics {
  private readonly histograms: Float64Array[]

  constructor(channels: number) {
    this.histograms = Array.from({ length: channels }, () => new Float64Array(256))
  }

  /** Adds pixels that have the channels of the set. */
  add(pixels: Uint8Array | Int32Array): void {
    const channels = this.histograms.length
    for (const [channel, histogram] of this.histograms.entries()) {
      for (let offset = channel; offset < pixels.length; offset += channels)
        histogram[pixels[offset]!]!++
    }
  }

  /** Mean and standard deviation of each channel. */
  moments(): { mean: number[]; std: number[] } {
    const mean: number[] = []
    const std: number[] = []
    for (const histogram of this.histograms) {
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
