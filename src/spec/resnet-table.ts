/** The architecture that a depth stands for. It is here, not in `nets`, so that planning can check a depth. */
export interface ResNetTable {
  /** `basic`: two 3x3 convolutions; `bottleneck`: a 3x3 convolution between two 1x1. */
  unit: 'basic' | 'bottleneck'
  /** Filters of the first stage. */
  width: number
  /** Units in each stage. */
  units: readonly number[]
}

/** He et al. 2015 (arXiv:1512.03385), table 1. Depth 200 is from He et al. 2016 (arXiv:1603.05027). */
const imagenet: Record<number, ResNetTable> = {
  18: { unit: 'basic', width: 64, units: [2, 2, 2, 2] },
  34: { unit: 'basic', width: 64, units: [3, 4, 6, 3] },
  50: { unit: 'bottleneck', width: 64, units: [3, 4, 6, 3] },
  101: { unit: 'bottleneck', width: 64, units: [3, 4, 23, 3] },
  152: { unit: 'bottleneck', width: 64, units: [3, 8, 36, 3] },
  200: { unit: 'bottleneck', width: 64, units: [3, 24, 36, 3] },
}

export const imagenetDepths = Object.keys(imagenet).map(Number)

/** Some depths are both 6n+2 and 9n+2. As in the papers, they have basic units up to 110 and bottlenecks from 164. */
const maxBasicDepth = 110

/**
 * The ImageNet networks, with four stages, for their depths. For other depths the CIFAR networks, with
 * three stages: basic units if the depth is 6n+2, bottlenecks if it is 9n+2. Undefined if it is neither.
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
