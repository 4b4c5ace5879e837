/** What a depth stands for: a job is refused by it before there is a graph. */
export interface ResNetTable {
  /** `basic`: two 3x3 convolutions; `bottleneck`: a 3x3 between two 1x1. */
  unit: 'basic' | 'bottleneck'
  /** Channels of the first stage. */
  width: number
  /** Units in each stage. */
  units: readonly number[]
}

/** He et al. 2015, table 1; 200 is of He et al. 2016. */
const imagenet: Record<number, ResNetTable> = {
  18: { unit: 'basic', width: 64, units: [2, 2, 2, 2] },
  34: { unit: 'basic', width: 64, units: [3, 4, 6, 3] },
  50: { unit: 'bottleneck', width: 64, units: [3, 4, 6, 3] },
  101: { unit: 'bottleneck', width: 64, units: [3, 4, 23, 3] },
  152: { unit: 'bottleneck', width: 64, units: [3, 8, 36, 3] },
  200: { unit: 'bottleneck', width: 64, units: [3, 24, 36, 3] },
}

export const imagenetDepths = Object.keys(imagenet).map(Number)

/** Where 6n+2 and 9n+2 both fit, the papers' nets to 110 layers are basic, those from 164 are bottlenecks. */
const maxBasicDepth = 110

/**
 * The four stages of the ImageNet nets for their depths; for all others the three of the CIFAR nets:
 * basic units where the depth is 6n+2, bottlenecks where it is 9n+2.
 */
export function resNetTable(depth: number): ResNetTable | undefined {
  if (imagenet[depth]) return imagenet[depth]
  const basic = (depth - 2) / 6
  const bottleneck = (depth - 2) / 9
  const fits = (units: number) => units >= 1 && Number.isInteger(units)
  if (fits(bottleneck) && (!fits(basic) || depth > maxBasicDepth)) {
    return { unit: 'bottleneck', width: 16, units: [bottleneck, bottleneck, bottleneck] }
  }
  if (!fits(basic)) return undefined
  return { unit: 'basic', width: 16, units: [basic, basic, basic] }
}
