import type { TensorFlowJs } from '../../testing/tensorflow-js.js'
import type { Network } from './cases.js'

type Layers = TensorFlowJs['layers']
type Symbolic = ReturnType<Layers['input']>
type Activation = 'relu' | 'elu'

/** Builds a network with tfjs-layers: images [n, size, size, 3] → logits [n, classes]. */
export function build(tf: TensorFlowJs, network: Network, size: number, classes: number) {
  const input = tf.input({ shape: [size, size, 3] })
  const output = { 'resnet-plain': plain, resnet50, vgg16 }[network](
    layerHelpers(tf),
    input,
    classes,
  )
  return tf.model({ inputs: input, outputs: output })
}

type LayerHelpers = ReturnType<typeof layerHelpers>

function layerHelpers({ layers }: TensorFlowJs) {
  const norm = (x: Symbolic, activation?: Activation) => {
    const y = layers.batchNormalization().apply(x) as Symbolic
    if (!activation) return y
    const layer = activation === 'elu' ? layers.elu() : layers.activation({ activation })
    return layer.apply(y) as Symbolic
  }
  const conv = (x: Symbolic, filters: number, kernelSize: number, strides = 1) =>
    layers
      .conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false })
      .apply(x) as Symbolic
  const convWithBias = (x: Symbolic, filters: number) =>
    layers
      .conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' })
      .apply(x) as Symbolic
  const add = (x: Symbolic, y: Symbolic) => layers.add().apply([x, y]) as Symbolic
  const relu = (x: Symbolic) => layers.activation({ activation: 'relu' }).apply(x) as Symbolic
  const pool = (x: Symbolic, poolSize: number) =>
    layers.maxPooling2d({ poolSize, strides: 2, padding: 'same' }).apply(x) as Symbolic
  const mean = (x: Symbolic) => layers.globalAveragePooling2d({}).apply(x) as Symbolic
  const dense = (x: Symbolic, units: number) => layers.dense({ units }).apply(x) as Symbolic
  return { norm, conv, convWithBias, add, relu, pool, mean, dense }
}

function plain(
  { norm, conv, add, mean }: LayerHelpers,
  images: Symbolic,
  classes: number,
): Symbolic {
  let x = norm(conv(images, 64, 3), 'relu')
  for (let block = 0; block < 5; block++) {
    const y = conv(norm(x, 'elu'), 64, 3)
    x = add(x, conv(norm(y, 'elu'), 64, 3))
  }
  return mean(norm(conv(x, classes, 3)))
}

const stages = [
  { units: 3, width: 64, stride: 1 },
  { units: 4, width: 128, stride: 2 },
  { units: 6, width: 256, stride: 2 },
  { units: 3, width: 512, stride: 2 },
]

function resnet50(layerHelpers: LayerHelpers, images: Symbolic, classes: number): Symbolic {
  const { norm, conv, add, relu, pool, mean, dense } = layerHelpers
  let x = pool(norm(conv(images, 64, 7, 2), 'relu'), 3)
  for (const { units, width, stride } of stages) {
    for (let unit = 0; unit < units; unit++) {
      const strides = unit === 0 ? stride : 1
      const shortcut = unit === 0 ? norm(conv(x, 4 * width, 1, strides)) : x
      let y = norm(conv(x, width, 1), 'relu')
      y = norm(conv(y, width, 3, strides), 'relu')
      x = relu(add(shortcut, norm(conv(y, 4 * width, 1))))
    }
  }
  return dense(mean(x), classes)
}

function vgg16(
  { convWithBias, pool, mean, dense }: LayerHelpers,
  images: Symbolic,
  classes: number,
): Symbolic {
  let x = images
  for (const [times, filters] of [
    [2, 64],
    [2, 128],
    [3, 256],
    [3, 512],
    [3, 512],
  ] as const) {
    for (let i = 0; i < times; i++) x = convWithBias(x, filters)
    x = pool(x, 2)
  }
  return dense(mean(x), classes)
}
