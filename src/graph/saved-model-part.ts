import { clone } from '@bufbuild/protobuf'
import { type GraphDef, MetaGraphDefSchema, type SavedModel } from './proto/tensorflow_pb.js'

/**
 * The part of a SavedModel that some of its signatures need, without its variables: for signatures that
 * compute with none, it loads in a moment and takes no memory for them.
 */
export function partOfSavedModel(model: SavedModel, signatures: readonly string[]): SavedModel {
  const metaGraphs = model.metaGraphs.map(metaGraph => {
    const part = clone(MetaGraphDefSchema, metaGraph)
    const named = Object.entries(part.signatureDef).filter(([name]) => signatures.includes(name))
    part.signatureDef = Object.fromEntries(named)
    const roots = named.flatMap(([, { inputs, outputs }]) =>
      [...Object.values(inputs), ...Object.values(outputs)].map(({ encoding }) =>
        nodeOf(encoding.value as string),
      ),
    )
    if (part.graphDef) keepNeeded(part.graphDef, roots)
    part.saverDef = undefined
    part.collectionDef = {}
    return part
  })
  return { ...model, metaGraphs }
}

/** `^node`, `node:0` or `node` → `node`. */
const nodeOf = (reference: string): string => reference.replace(/^\^/, '').replace(/:\d+$/, '')

/** Removes the nodes that `roots` do not depend on. */
function keepNeeded(graph: GraphDef, roots: readonly string[]): void {
  const byName = new Map(graph.node.map(node => [node.name, node]))
  const needed = new Set<string>()
  const pending = [...roots]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue
    needed.add(name)
    pending.push(...(byName.get(name)?.input.map(nodeOf) ?? []))
  }
  graph.node = graph.node.filter(({ name }) => needed.has(name))
}
