// A small pre-activation ResNet (He et al. 2016, arXiv:1603.05027) for small images: all blocks
// have the same width and height, and use ELU (Clevert et al. 2015, arXiv:1511.07289).
import type { Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { elu, relu } from '../graph/ops/activation.js'
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
  let x = net.conv2d(images, 'conv_0', filters, kernel, { norm: 'batch', activation: relu })
  for (let unit = 1; unit <= blocks; unit++) {
    const unitLayers = net.scope(`unit_${unit}`)
    const y =
      block === 'plain' ? plain(unitLayers, x, kernel) : bottleneck(unitLayers, x, kernel, ratio)
    x = unitLayers.endPoint(add(x, y))
  }
  return squeeze(globalPool(net.conv2d(x, 'conv_top', classes, kernel, { norm: 'batch' })))
}

function plain(layers: Layers, x: Tensor, kernel: number): Tensor {
  const filters = x.shape[3]!
  const y = preactConv(layers, x, 'conv1', filters, kernel)
  return preactConv(layers, y, 'conv2', filters, kernel)
}

function bottleneck(layers: Layers, x: Tensor, kernel: number, ratio: number): Tensor {
  const filters = x.shape[3]!
  const bottleneckFilters = filters / ratio
  check(
    Number.isInteger(bottleneckFilters),
    `resnet: ${filters} filters cannot be divided by the ratio ${ratio}; make one a multiple of the other`,
  )
  let y = preactConv(layers, x, 'conv1', bottleneckFilters, 1)
  y = preactConv(layers, y, 'conv2', bottleneckFilters, kernel)
  return preactConv(layers, y, 'conv3', filters, 1)
}

/** Batch norm, ELU, convolution. No bias: the next batch norm would remove it. */
function preactConv(
  { conv2d, batchNorm }: Layers,
  x: Tensor,
  name: string,
  filters: number,
  kernel: number,
): Tensor {
  const preact = elu(batchNorm(x, `${name}/BatchNorm`))
  return conv2d(preact, name, filters, kernel, { bias: false })
}
