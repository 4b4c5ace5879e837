import type { Tensor } from '../graph/graph.js'
import type { Layers } from '../nets/layers.js'
import { resnet } from '../nets/resnet.js'
import type { ModelOptions } from '../spec/model-options.js'

/** Normalised images [n, h, w, c] → logits [n, classes]. */
export function network(
  layers: Layers,
  images: Tensor,
  model: ModelOptions,
  classes: number,
): Tensor {
  return resnet(layers, images, model, classes)
}
