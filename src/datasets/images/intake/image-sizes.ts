import type { ImageResize, ImageSizes } from '../../../spec/dataset.js'
import { maxImageSide } from '../../limits.js'

const maxCommonSizes = 10

/** Sides to which images of different sizes are brought: those of common networks. */
const usualSides = [224, 192, 160, 128, 96, 64, 32]

/** Counts the heights and widths of images. */
export class SizeSurvey {
  private readonly heights = new Float64Array(maxImageSide + 1)
  private readonly widths = new Float64Array(maxImageSide + 1)
  private readonly shorterSides = new Float64Array(maxImageSide + 1)
  private readonly counts = new Map<number, number>()

  add({ height, width }: { height: number; width: number }): void {
    this.heights[height]!++
    this.widths[width]!++
    this.shorterSides[Math.min(height, width)]!++
    const key = height * 65_536 + width
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  get different(): number {
    return this.counts.size
  }

  summary(): ImageSizes {
    const common = [...this.counts]
      .sort(([a, m], [b, n]) => n - m || b - a)
      .slice(0, maxCommonSizes)
      .map(([key, images]) => ({ height: Math.floor(key / 65_536), width: key % 65_536, images }))
    return {
      different: this.different,
      height: extent(this.heights),
      width: extent(this.widths),
      common,
    }
  }

  /**
   * A square whose side is the largest usual one that half of the images reach: few of them are enlarged, and
   * none is larger than what networks are usually trained on.
   */
  chooseResize(): ImageResize {
    const { median } = extent(this.shorterSides)
    const side = usualSides.find(usual => usual <= median) ?? median
    return { height: side, width: side, mode: 'fill' }
  }
}

function extent(counts: Float64Array): { min: number; median: number; max: number } {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let seen = 0
  const median = counts.findIndex(count => {
    seen += count
    return seen >= total / 2
  })
  return {
    min: counts.findIndex(count => count > 0),
    median,
    max: counts.findLastIndex(count => count > 0),
  }
}
