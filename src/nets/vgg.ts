// VGG: Simonyan & Zisserman 2014 (arXiv:1409.1556), configurations A, B, D and E. As in TF-Slim,
// the dense layers are convolutions and variables have TF-Slim's names.
import type { Tensor } from '../graph/graph.js'
import { maxPool } from '../graph/ops/pool.js'
import { truncatedNormal } from './initializers.js'
import { globalPool, type Layers, squeeze } from './layers.js'
import { repeat } from './slim.js'

export interface VggConfig {
  readonly depth: keyof typeof convsPerGroup
  /** Batch norm after each convolution, which keeps its bias, as in torchvision. */
  readonly batchNorm: boolean
  /** `gap`: global average pooling replaces fc6 and fc7. */
  readonly dense: 'full' | 'gap'
  readonly dropout: number
  /** Filters of the five groups of convolutions. */
  readonly widths?: readonly number[]
  readonly denseWidth?: number
}

/** Number of convolutions in each of the five groups, by depth. */
const convsPerGroup = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
}

const paperDefaults = { widths: [64, 128, 256, 512, 512], denseWidth: 4096 }

/**
 * Images [n, h, w, channels] → logits [n, classes]. Images larger than 224x224 give a map of
 * logits, which is averaged. VGG-16 of the paper is
 * `{ depth: 16, batchNorm: false, dense: 'full', dropout: 0.5 }`.
 */
export function vgg(layers: Layers, images: Tensor, shape: VggConfig, classes: number): Tensor {
  const {
    depth,
    batchNorm,
    dense,
    dropout: rate,
    widths,
    denseWidth,
  } = { ...paperDefaults, ...shape }
  const net = layers.scope(`vgg_${depth}`).argScope({
    conv2d: { activation: 'relu' },
    batchNorm: { epsilon: 1e-5 },
    dropout: { rate },
  })
  // A standard deviation of 0.01 in all layers shrinks the signal to a millionth after thirteen of
  // them, and the network does not learn: convolutions use He initialization, as in torchvision.
  const { conv2d, dropout } = net.argScope({
    conv2d: { initializer: truncatedNormal(0.01), endPoint: false },
  })
  const convOptions = { norm: batchNorm ? 'batch' : null, bias: true } as const

  let x = images
  for (const [i, times] of convsPerGroup[depth].entries()) {
    x = maxPool(repeat(x, times, net.conv2d, `conv${i + 1}`, widths[i]!, 3, convOptions), 2)
  }
  if (dense === 'gap') {
    x = dropout(globalPool(x), 'dropout6')
  } else {
    x = dropout(conv2d(x, 'fc6', denseWidth, 7, { padding: 'VALID' }), 'dropout6')
    x = dropout(conv2d(x, 'fc7', denseWidth, 1), 'dropout7')
  }
  return squeeze(globalPool(conv2d(x, 'fc8', classes, 1, { activation: null, precision: 'fp32' })))
}
