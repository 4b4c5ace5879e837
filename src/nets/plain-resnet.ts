// A small pre-activation ResNet (He et al. 2016, arXiv:1603.05027) for small images: all blocks
// have the same width and height, and use ELU (Clevert et al. 2015, arXiv:1511.07289).
import type { Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { add } from '../graph/ops/math.js'
import { globalPool, type Layers, squeeze } from './layers.js'

export interface PlainResNetConfig {
  /** `plain`: two spatial convolutions per block. `bottleneck`: one, between two 1x1 ones. */
  readonly block: 'plain' | 'bottleneck'
  readonly blocks: number
  readonly filters: number
  readonly kernel: number
  /** Filters of a bottleneck block divided by the filters of its spatial convolution. */
  readonly ratio: number
}

/** images [n, h, w, channels] → logits [n, classes] */
export function plainResNet(
  layers: Layers,
  images: Tensor,
  { block, blocks, filters, kernel, ratio }: PlainResNetConfig,
  classes: number,
): Tensor {
  const net = layers.scope('resnet')
  const unitLayers = (unit: number) => net.scope(`unit_${unit}`)
  let x = net.conv2d(images, 'conv_0', filters, kernel, { norm: 'batch', activation: 'relu' })
  // what the last unit adds to x: the next one's first batch norm does it
  let branch: Tensor | null = null
  for (let unit = 1; unit <= blocks; unit++) {
    const options = { activation: 'elu' } as const
    const { sum, output } = unitLayers(unit).batchNormOfSum(x, branch, 'conv1/BatchNorm', options)
    x = branch ? unitLayers(unit - 1).endPoint(sum) : x
    branch =
      block === 'plain'
        ? plain(unitLayers(unit), output, kernel)
        : bottleneck(unitLayers(unit), output, kernel, ratio)
  }
  if (branch) x = unitLayers(blocks).endPoint(add(x, branch))
  return squeeze(globalPool(net.conv2d(x, 'conv_top', classes, kernel, { norm: 'batch' })))
}

/** Two convolutions. The first one's batch norm and ELU have been done. */
function plain(layers: Layers, preact: Tensor, kernel: number): Tensor {
  const filters = preact.shape[3]!
  const y = layers.conv2d(preact, 'conv1', filters, kernel, { bias: false })
  return preactConv(layers, y, 'conv2', filters, kernel)
}

/** The same with three convolutions. */
function bottleneck(layers: Layers, preact: Tensor, kernel: number, ratio: number): Tensor {
  const filters = preact.shape[3]!
  const bottleneckFilters = filters / ratio
  check(
    Number.isInteger(bottleneckFilters),
    `resnet: ${filters} filters cannot be divided by the ratio ${ratio}; make one a multiple of the other`,
  )
  const y = layers.conv2d(preact, 'conv1', bottleneckFilters, 1, { bias: false })
  return preactConv(
    layers,
    preactConv(layers, y, 'conv2', bottleneckFilters, kernel),
    'conv3',
    filters,
    1,
  )
}

/** Batch norm, ELU, convolution. No bias: the next batch norm would remove it. */
function preactConv(
  { conv2d, batchNorm }: Layers,
  x: Tensor,
  name: string,
  filters: number,
  kernel: number,
): Tensor {
  const preact = batchNorm(x, `${name}/BatchNorm`, { activation: 'elu' })
  return conv2d(preact, name, filters, kernel, { bias: false })
}
