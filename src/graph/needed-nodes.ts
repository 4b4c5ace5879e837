import { GraphError } from './graph-error.js'
import type { NodeDef, SignatureDef } from './proto/tensorflow_pb.js'

/** The node of a reference to a tensor: `^node` is a control input, `node:1` an output. */
export const nodeOf = (reference: string): string =>
  reference.replace(/^\^/, '').replace(/:\d+$/, '')

/** The nodes of a signature's inputs and outputs. */
export const nodesOfSignature = ({ inputs, outputs }: SignatureDef): string[] =>
  [...Object.values(inputs), ...Object.values(outputs)].map(({ encoding }) =>
    nodeOf(String(encoding.value)),
  )

/** The nodes that `roots` depend on, in the order of the graph. Throws GraphError if one is missing. */
export function neededNodes(nodes: readonly NodeDef[], roots: readonly string[]): NodeDef[] {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const needed = new Set<string>()
  const pending = [...roots]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue
    const node = byName.get(name)
    if (!node) throw new GraphError(`there is no node ${name}`)
    needed.add(name)
    pending.push(...node.input.map(nodeOf))
  }
  return nodes.filter(({ name }) => needed.has(name))
}
