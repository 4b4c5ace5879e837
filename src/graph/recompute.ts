// Tensors that are computed again in the backward pass, so that they need not be kept until then (Chen et al. 2016,
// arXiv:1604.06174).
import type { Node, Tensor } from './graph.js'

/** The nodes that gradient rules read in place of those whose outputs were not kept. */
export class Recomputation {
  private readonly copies = new Map<Node, Node>()

  constructor(private readonly isKept: (node: Node) => boolean) {}

  /** `node` with inputs and outputs that were kept, or that are computed again once `after` is there. */
  withRecomputed(node: Node, after: Tensor): Node {
    if (!this.isKept(node)) return this.copy(node, after)
    const inputs = node.inputs.map(input => this.recomputed(input, after))
    return inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs }
  }

  private recomputed(tensor: Tensor, after: Tensor): Tensor {
    const { node, index } = tensor
    return this.isKept(node) ? tensor : this.copy(node, after).outputs[index]!
  }

  private copy(node: Node, after: Tensor): Node {
    const known = this.copies.get(node)
    if (known) return known
    const inputs = node.inputs.map(input => this.recomputed(input, after))
    // Only what reads nothing recomputed has to wait. Without it, everything would run in the forward pass.
    const waits = inputs.every((input, i) => input === node.inputs[i])
    const copy = node.graph.add(node.op, inputs, node.attrs, {
      controlInputs: [...node.controlInputs, ...(waits ? [after] : [])],
    })
    this.copies.set(node, copy)
    return copy
  }
}
