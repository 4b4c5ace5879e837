// Reverse-mode automatic differentiation (survey: Baydin et al. 2015, arXiv:1502.05767).
//   const [dw, db] = gradients(loss, [weights.value, biases.value])
import type { Node, Tensor } from './graph.js'
import { check } from './graph-error.js'
import { reshapeLike } from './ops/array.js'
import { onesLike, zerosLike } from './ops/constant.js'
import { addN } from './ops/math.js'
import { reduceSum } from './ops/reduce.js'
import { Recomputation } from './recompute.js'
import { formatShape, isCompatible, sameShape } from './shape.js'

export interface GradientsOptions {
  /**
   * Whether the outputs of a node between the targets and the loss are kept until the backward pass. It computes others
   * again where it reads them. Default: all are kept.
   */
  readonly isKept?: ((node: Node) => boolean) | undefined
}

/** d(loss)/d(target) for each target, shaped like it; zeros if the loss does not depend on it. */
export function gradients(
  loss: Tensor,
  targets: readonly Tensor[],
  { isKept = () => true }: GradientsOptions = {},
): Tensor[] {
  check(
    loss.shape.length === 0,
    `gradients: the loss must be a scalar, it is ${formatShape(loss.shape)}`,
  )
  const { graph } = loss.node
  return graph.nameScope('gradients', () => {
    const partials = new Map<Tensor, Tensor[]>([[loss, [onesLike(loss)]]])
    const nodes = nodesBetween(targets, loss)
    const between = new Set(nodes)
    const recomputation = new Recomputation(node => !between.has(node) || isKept(node))
    for (const node of nodes.reverse()) {
      graph.nameScope(node.name, () => backpropagate(node, partials, recomputation))
    }
    return targets.map(target => sumPartials(target, partials) ?? zerosLike(target))
  })
}

/** Adds a node's gradients with respect to its inputs to `partials`. */
function backpropagate(
  node: Node,
  partials: Map<Tensor, Tensor[]>,
  recomputation: Recomputation,
): void {
  const dys = node.outputs.map(output => sumPartials(output, partials))
  const first = dys.find(dy => dy !== undefined)
  if (!first) return
  check(node.op.gradient !== null, `gradients: ${node.op.type} (${node.name}) has no gradient`)
  const dxs = node.op.gradient(dys, recomputation.withRecomputed(node, first))
  for (const [i, x] of node.inputs.entries()) {
    const dx = dxs[i]
    if (!dx) continue
    const partial = unbroadcast(dx, x)
    partials.set(x, [...(partials.get(x) ?? []), partial])
  }
}

/** The sum of a tensor's partial gradients, computed once; undefined if it has none. */
function sumPartials(tensor: Tensor, partials: Map<Tensor, Tensor[]>): Tensor | undefined {
  const terms = partials.get(tensor)
  if (!terms) return undefined
  const sum = addN(terms)
  partials.set(tensor, [sum])
  return sum
}

/** The nodes through which the loss depends on a target, in order of creation. */
export function nodesBetween(targets: readonly Tensor[], loss: Tensor): Node[] {
  const dependent = new Set<Tensor>(targets)
  const candidates = loss.node.graph.nodes.filter(node => {
    const depends = node.inputs.some(input => dependent.has(input))
    if (depends) for (const output of node.outputs) dependent.add(output)
    return depends
  })
  const ancestors = new Set<Node>([loss.node])
  return candidates
    .reverse()
    .filter(node => {
      if (!ancestors.has(node)) return false
      for (const input of node.inputs) ancestors.add(input.node)
      return true
    })
    .reverse()
}

/** Undoes broadcasting: sums a gradient over the dimensions along which `x` was repeated. */
function unbroadcast(dx: Tensor, x: Tensor): Tensor {
  if (sameShape(dx.shape, x.shape)) return dx
  const extraDims = dx.shape.length - x.shape.length
  const axes = dx.shape.flatMap((extent, axis) =>
    axis < extraDims || (x.shape[axis - extraDims] === 1 && extent !== 1) ? [axis] : [],
  )
  const summed = axes.length > 0 ? reduceSum(dx, axes, { keepDims: true }) : dx
  const reshaped = extraDims > 0 ? reshapeLike(summed, x) : summed
  if (!isCompatible(reshaped.shape, x.shape)) {
    throw new Error(
      `the gradient of ${x.node.name} has shape ${formatShape(dx.shape)}, it has ${formatShape(x.shape)}`,
    )
  }
  return reshaped
}
