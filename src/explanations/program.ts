// The graph that explains a served network: gradients of a class's logit with respect to its feature maps
// (Grad-CAM, Selvaraju et al. 2017, arXiv:1610.02391) and to its pixels, along whose path from a baseline
// integrated gradients add up (Sundararajan et al. 2017, arXiv:1703.01365).
import { gradients } from '../graph/autodiff.js'
import { Graph, type Tensor } from '../graph/graph.js'
import { relu } from '../graph/ops/activation.js'
import { expandDims, reshape } from '../graph/ops/array.js'
import { placeholder } from '../graph/ops/constant.js'
import { resizeBilinear } from '../graph/ops/image.js'
import { mul } from '../graph/ops/math.js'
import { reduceMean, reduceSum } from '../graph/ops/reduce.js'
import { softmax } from '../graph/ops/softmax.js'
import type { SavedModelSpec, Signature } from '../graph/saved-model.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import { normalize } from '../training/images.js'
import { buildNetwork } from '../training/network.js'
import { findFolds, type ServedNetwork } from '../training/serving.js'

/** A layer whose output has more than one position in height and width. */
export interface FeatureMap {
  name: string
  height: number
  width: number
}

export interface ExplanationProgram extends SavedModelSpec {
  readonly graph: Graph
  /** In order of computation, so that the last one is nearest to the logits. */
  readonly featureMaps: readonly FeatureMap[]
  /** Memory for the values of all tensors for one image, if none were freed. */
  readonly bytesPerImage: number
}

export const predictSignature = 'predict'
export const gradientSignature = 'gradient'
export const gradCamSignature = (featureMap: string) => `grad_cam/${featureMap}`

/**
 * Signatures, for images [n, h, w, c] with pixels 0 to 255 and `targets` [n, classes], which are 1 at the class to
 * explain and else 0. `predict` → logits and probabilities [n, classes]. `gradient` → the logits, and the gradient
 * of the target's logit with respect to the pixels [n, h, w, c]. `grad_cam/NAME` → the map [n, h, w] of a feature
 * map, in units of the logit: the channels, weighted by the means of their gradients, summed, cut at 0 and
 * upsampled. It reads the variables of the served network, with its batch norms folded.
 */
export function buildExplanationProgram(network: ServedNetwork): ExplanationProgram {
  const { model, images: format, classes } = network
  const { height, width, channels } = format
  const graph = new Graph()
  const variables = new Variables(graph)
  const images = placeholder(graph, 'images', 'float32', [-1, height, width, channels])
  const targets = placeholder(graph, 'targets', 'float32', [-1, classes])
  const layers = createLayers(variables, 'inference', { folds: findFolds(network) })
  const logits = buildNetwork(layers, normalize(images, format), model, classes)

  const mapped = [...layers.endPoints].filter(([, { shape }]) => shape[1]! * shape[2]! > 1)
  // in inference an image's logits depend on no other image, so the gradient of the sum has those of all
  const score = reduceSum(mul(logits, targets))
  const [gradient, ...mapGradients] = gradients(score, [images, ...mapped.map(([, map]) => map)])
  const inputs = { images, targets }
  const signatures: Record<string, Signature> = {
    [predictSignature]: {
      inputs: { images },
      outputs: { logits, probabilities: softmax(logits) },
    },
    [gradientSignature]: { inputs, outputs: { gradient: gradient!, logits } },
  }
  for (const [i, [name, map]] of mapped.entries()) {
    const cam = gradCam(map, mapGradients[i]!)
    const upsampled = resizeBilinear(expandDims(cam, 3), height, width)
    const outputs = { map: reshape(upsampled, [-1, height, width]) }
    signatures[gradCamSignature(name)] = { inputs, outputs }
  }
  return {
    graph,
    variables: variables.all,
    signatures,
    featureMaps: mapped.map(([name, { shape }]) => ({
      name,
      height: shape[1]!,
      width: shape[2]!,
    })),
    bytesPerImage: bytesPerImage(graph),
  }
}

/** A feature map and its gradient [n, h, w, channels] → [n, h, w]. */
function gradCam(map: Tensor, gradient: Tensor): Tensor {
  const weights = reduceMean(gradient, [1, 2], { keepDims: true })
  return relu(reduceSum(mul(map, weights), [3]))
}

function bytesPerImage({ nodes }: Graph): number {
  const perImage = nodes.flatMap(({ outputs }) => outputs.filter(({ shape }) => shape[0] === -1))
  const values = perImage.reduce(
    (sum, { shape }) => sum + shape.slice(1).reduce((size, extent) => size * extent, 1),
    0,
  )
  return 4 * values
}
