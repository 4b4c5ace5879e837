import { Graph, type Node, type Tensor } from './graph.js'

export interface GraphCopy {
  readonly graph: Graph
  /** The tensor that stands for one of the copied graph. */
  tensor(original: Tensor): Tensor
}

/**
 * Copies a graph and replaces tensors: `replace` gets the copy of each tensor, and every node that reads
 * the tensor reads what it returns.
 */
export function copyGraph(
  source: Graph,
  replace: (copy: Tensor, original: Tensor) => Tensor,
): GraphCopy {
  const graph = new Graph()
  for (const [name, definition] of source.functions) graph.functions.set(name, definition)
  const nodes = new Map<Node, Node>()
  const tensors = new Map<Tensor, Tensor>()
  const tensor = (original: Tensor): Tensor => tensors.get(original)!
  for (const original of source.nodes) {
    const { op, inputs, attrs, name, controlInputs, device } = original
    const copy = graph.add(op, inputs.map(tensor), attrs, {
      name,
      device,
      controlInputs: controlInputs.map(node => nodes.get(node)!),
    })
    nodes.set(original, copy)
    for (const [i, output] of original.outputs.entries()) {
      tensors.set(output, replace(copy.outputs[i]!, output))
    }
  }
  return { graph, tensor }
}
