// Which tensors of a served network become 8-bit, after the choices of OpenVINO's NNCF for convolutional
// networks: what convolutions and residual sums read. Their kernels then pass integers to each other.
import type { Node, Tensor } from '../graph/graph.js'
import { Relu } from '../graph/ops/activation.js'
import { AddV2 } from '../graph/ops/math.js'

export interface QuantizationPoints {
  /** The tensors to round; all that read them read the rounded values. */
  readonly activations: readonly Tensor[]
  /** The filters, as their variables are read. */
  readonly filters: readonly Tensor[]
}

const products = new Set(['Conv2D', 'MatMul'])
/** Their outputs have no other values than their input, and 0. */
const valuePreserving = new Set(['MaxPool', 'Pad', 'PadV2', 'Reshape'])

/**
 * The points of the network that computes `logits`. Its last convolution stays in float32: it is small, and
 * its rounding errors would be those of the answer. A sum is rounded if convolutions read it or its ReLU; that
 * of a pre-activation network goes to a batch norm, which computes in float32 anyway.
 */
export function quantizationPoints(logits: Tensor): QuantizationPoints {
  const nodes = ancestors(logits)
  const convolutions = nodes.filter(({ op }) => products.has(op.type)).slice(0, -1)
  const convolved = convolutions.map(({ inputs }) => source(inputs[0]!))
  const sums = convolved
    .map(({ node }) => (node.op === Relu ? node.inputs[0]!.node : node))
    .filter(({ op, inputs }) => op === AddV2 && isSumOfImages(inputs))
  return {
    activations: [...new Set([...convolved, ...sums.flatMap(({ inputs }) => inputs.map(source))])],
    filters: [...new Set(convolutions.map(({ inputs }) => source(inputs[1]!)))],
  }
}

const isSumOfImages = (inputs: readonly Tensor[]) => inputs.every(({ shape }) => shape.length === 4)

/** Rounded before a pool or padding, a tensor stays rounded, and the pool is computed in 8 bits too. */
function source(x: Tensor): Tensor {
  return valuePreserving.has(x.node.op.type) ? source(x.node.inputs[0]!) : x
}

/** The nodes that a tensor is computed by, in order of creation. */
function ancestors({ node }: Tensor): Node[] {
  const needed = new Set<Node>([node])
  for (const each of node.graph.nodes.toReversed()) {
    if (needed.has(each)) for (const input of each.inputs) needed.add(input.node)
  }
  return node.graph.nodes.filter(each => needed.has(each))
}
