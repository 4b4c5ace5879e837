import type { Node, Tensor } from './graph.js'

/** Ops whose first output is their first input's memory. */
const viewOps = new Set(['Reshape', 'Identity', 'IdentityN', 'ExpandDims', 'StopGradient'])

export const isView = ({ op }: Node): boolean => viewOps.has(op.type)

/** The tensor whose memory a view shows; any other tensor itself. */
export function memoryOf(tensor: Tensor): Tensor {
  const [viewed] = tensor.node.inputs
  return viewed && isView(tensor.node) ? memoryOf(viewed) : tensor
}

/** The nodes that must run to compute `tensors`. */
export function dependenciesOf(tensors: readonly Tensor[]): Set<Node> {
  const visited = new Set<Node>()
  const pending = tensors.map(({ node }) => node)
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (visited.has(node)) continue
    visited.add(node)
    pending.push(...node.inputs.map(input => input.node), ...node.controlInputs)
  }
  return visited
}

/** Which of `nodes` read the memory of each node's output, themselves or through a view. */
export function readersOf(nodes: Iterable<Node>): Map<Node, Node[]> {
  const readers = new Map<Node, Node[]>()
  for (const node of nodes) {
    if (isView(node)) continue
    for (const owner of new Set(node.inputs.map(input => memoryOf(input).node))) {
      const known = readers.get(owner)
      if (known) known.push(node)
      else readers.set(owner, [node])
    }
  }
  return readers
}
