import type { Tensor } from '../graph/graph.js'
import type { Layers } from '../nets/layers.js'
import { plainResNet } from '../nets/plain-resnet.js'
import { resnet } from '../nets/resnet.js'
import { vgg } from '../nets/vgg.js'
import type { NetworkOptions } from '../spec/model-options.js'
import { resNetTable } from '../spec/resnet-table.js'
import type { Precision } from '../spec/training-options.js'

/** The network of `model`: normalized images [n, h, w, c] → float32 logits [n, classes]. */
export function buildNetwork(
  layers: Layers,
  images: Tensor,
  model: NetworkOptions,
  classes: number,
  precision: Precision = 'fp32',
): Tensor {
  const net = layers.argScope({ conv2d: { precision } })
  if (model.kind === 'vgg') return vgg(net, images, model, classes)
  if (!('depth' in model)) return plainResNet(net, images, model, classes)
  const table = resNetTable(model.depth)
  if (!table) throw new Error(`there is no ResNet of depth ${model.depth}: the plan let it through`)
  return resnet(net, images, { ...model, ...table }, classes)
}
