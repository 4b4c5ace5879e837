// Residual networks with TF-Slim's variable names. Version 1: He et al. 2015 (arXiv:1512.03385), in the
// layout of torchvision's v1.5 or of TF-Slim. Version 2: pre-activation, He et al. 2016
// (arXiv:1603.05027), in the layout of TF-Slim.
import type { Tensor } from '../graph/graph.js'
import { pad } from '../graph/ops/array.js'
import { add } from '../graph/ops/math.js'
import { maxPool } from '../graph/ops/pool.js'
import { type ConvOptions, globalPool, type Layers, squeeze } from './layers.js'

export interface ResNetConfig {
  readonly version: 1 | 2
  /**
   * Of version 1; version 2 is always laid out as in TF-Slim. `torchvision` (default): the first unit of a
   * stage halves height and width, and the stem's pool has symmetric padding. `tf-slim`: the last unit
   * of a stage halves them, except in the last stage, and the pool has SAME padding. The variables are
   * the same, so weights of one layout also load into the other, and compute something else.
   */
  readonly layout?: 'torchvision' | 'tf-slim' | undefined
  readonly unit: keyof typeof branches
  /** `imagenet` divides height and width by four before the first stage, `cifar` keeps them. */
  readonly stem: 'imagenet' | 'cifar'
  /** Filters of the stem and the first stage. Each further stage has twice as many. */
  readonly width: number
  /** Units in each stage. */
  readonly units: readonly number[]
}

type Branch = (width: number, stride: number) => [filters: number, kernel: number, stride: number][]

/** A unit's convolutions, without its shortcut. */
const branches = {
  basic: (width, stride) => [
    [width, 3, stride],
    [width, 3, 1],
  ],
  bottleneck: (width, stride) => [
    [width, 1, 1],
    [width, 3, stride],
    [4 * width, 1, 1],
  ],
} satisfies Record<string, Branch>

const batchNormRelu: ConvOptions = { norm: 'batch', activation: 'relu' }

/**
 * Images [n, h, w, channels] → logits [n, classes]. ResNet-50 v2 for ImageNet is
 * `{ version: 2, unit: 'bottleneck', stem: 'imagenet', width: 64, units: [3, 4, 6, 3] }`.
 */
export function resnet(
  layers: Layers,
  images: Tensor,
  { version, layout = 'torchvision', unit, stem, width, units }: ResNetConfig,
  classes: number,
): Tensor {
  const depth = 2 + branches[unit](width, 1).length * units.reduce((sum, count) => sum + count)
  const net = layers.scope(`resnet_v${version}_${depth}`).argScope({ batchNorm: { epsilon: 1e-5 } })
  const residualUnit = version === 1 ? postActivationUnit : preActivationUnit
  const isSlim = version === 2 || layout === 'tf-slim'

  let x = stems[stem](net, images, width, { version, isSlim })
  for (const [stage, count] of units.entries()) {
    for (let i = 1; i <= count; i++) {
      const downsamples = isSlim ? i === count && stage < units.length - 1 : i === 1 && stage > 0
      const branch = branches[unit](width * 2 ** stage, downsamples ? 2 : 1)
      x = residualUnit(net.scope(`block${stage + 1}/unit_${i}/${unit}_v${version}`), x, branch)
    }
  }
  if (version === 2)
    x = net.scope('postnorm').endPoint(net.batchNorm(x, 'postnorm', { activation: 'relu' }))
  return squeeze(net.conv2d(globalPool(x), 'logits', classes, 1, { precision: 'fp32' }))
}

interface StemOptions {
  version: 1 | 2
  isSlim: boolean
}

const stems = {
  imagenet(net: Layers, images: Tensor, width: number, { version, isSlim }: StemOptions): Tensor {
    const options = { stride: 2, padding: symmetricPadding(7), ...stemNorm(version) }
    const x = net.conv2d(images, 'conv1', width, 7, options)
    if (isSlim) return maxPool(x, 3, { stride: 2, padding: 'SAME' })
    // padding with zeros does not change the maxima, since ReLU's outputs are not negative
    return maxPool(pad(x, [0, 1, 1, 0], [0, 1, 1, 0]), 3, { stride: 2 })
  },
  cifar: (net: Layers, images: Tensor, width: number, { version }: StemOptions): Tensor =>
    net.conv2d(images, 'conv1', width, 3, stemNorm(version)),
}

/** In version 2, the first unit's batch norm normalizes the stem's output. */
const stemNorm = (version: 1 | 2): ConvOptions => (version === 1 ? batchNormRelu : {})

function postActivationUnit(
  { conv2d, endPoint }: Layers,
  x: Tensor,
  branch: ReturnType<Branch>,
): Tensor {
  const [filters, stride] = filtersAndStride(branch)
  const shortcut = () =>
    x.shape[3] === filters
      ? subsample(x, stride)
      : conv2d(x, 'shortcut', filters, 1, { stride, norm: 'batch' })
  let y = x
  for (const [i, [width, kernel, convStride]] of branch.entries()) {
    const options = { ...stridedConvOptions(kernel, convStride), ...batchNormRelu }
    const isLast = i === branch.length - 1
    y = conv2d(y, `conv${i + 1}`, width, kernel, isLast ? { ...options, added: shortcut } : options)
  }
  return endPoint(y)
}

function preActivationUnit(
  { conv2d, batchNorm, endPoint }: Layers,
  x: Tensor,
  branch: ReturnType<Branch>,
): Tensor {
  const [filters, stride] = filtersAndStride(branch)
  const preact = batchNorm(x, 'preact', { activation: 'relu' })
  let y = preact
  for (const [i, [width, kernel, convStride]] of branch.entries()) {
    const isLast = i === branch.length - 1
    y = conv2d(y, `conv${i + 1}`, width, kernel, {
      ...stridedConvOptions(kernel, convStride),
      ...(isLast ? {} : batchNormRelu),
    })
  }
  const shortcut =
    x.shape[3] === filters
      ? subsample(x, stride)
      : conv2d(preact, 'shortcut', filters, 1, { stride })
  return endPoint(add(shortcut, y))
}

const subsample = (x: Tensor, stride: number): Tensor =>
  stride === 1 ? x : maxPool(x, 1, { stride })

const filtersAndStride = (branch: ReturnType<Branch>) =>
  [branch.at(-1)![0], Math.max(...branch.map(([, , stride]) => stride))] as const

/** SAME would pad strided windows on even images on one side only (families-reference.test.ts). */
const stridedConvOptions = (kernel: number, stride: number): ConvOptions =>
  stride === 1 ? {} : { stride, padding: symmetricPadding(kernel) }

function symmetricPadding(kernel: number) {
  const padding = (kernel - 1) / 2
  return { top: padding, bottom: padding, left: padding, right: padding }
}
