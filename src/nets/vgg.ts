// Simonyan & Zisserman 2014, configurations A, B, D and E; the dense layers are convolutions, as in TF-Slim.
import type { Tensor } from '../graph/graph.js'
import { relu } from '../graph/ops/activation.js'
import { maxPool } from '../graph/ops/pool.js'
import { truncatedNormal } from './initializers.js'
import { globalPool, type Layers, squeeze } from './layers.js'
import { repeat } from './slim.js'

export interface VggConfig {
  readonly depth: keyof typeof convsPerGroup
  /** After each convolution, beside its bias, as in torchvision. */
  readonly batchNorm: boolean
  /** `gap`: in place of fc6 and fc7 the mean over the image. */
  readonly dense: 'full' | 'gap'
  readonly dropout: number
  /** Channels of the five groups. */
  readonly widths?: readonly number[]
  readonly denseWidth?: number
}

/** Convolutions of the five groups. */
const convsPerGroup = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
}

const paperDefaults = { widths: [64, 128, 256, 512, 512], denseWidth: 4096 }

/** Images [n, h, w, channels] → logits [n, classes], the mean of a map of them for large images. */
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
    conv2d: { activation: relu, l2: 5e-4 },
    batchNorm: { epsilon: 1e-5 },
    dropout: { rate },
  })
  // a deviation of 0.01 in all layers leaves a millionth of the signal behind thirteen of them, and
  // the net stays at chance; convolutions begin as He et al. say, as in torchvision
  const { conv2d, dropout } = net.argScope({ conv2d: { initializer: truncatedNormal(0.01) } })
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
