import { clone, create } from '@bufbuild/protobuf'
import { nodeOf } from './needed-nodes.js'
import {
  AttrValueSchema,
  DataType,
  type NodeDef,
  NodeDefSchema,
  type SavedModel,
  SavedModelSchema,
} from './proto/tensorflow_pb.js'

/** The nodes by which `stockResize` (ops/standard-image.ts) resizes, from the last one back by their first inputs. */
const stockChain = ['Reshape', 'Cast', 'AddV2', 'ScaleAndTranslate', 'ExpandDims']

/**
 * A copy that resizes by Trainyard's own op (ops/native-resize.ts) wherever it resizes by stock ops, for processes that
 * have loaded it; null if it resizes nowhere.
 */
export function withNativeResize(model: SavedModel): SavedModel | null {
  const copy = clone(SavedModelSchema, model)
  let found = 0
  for (const { graphDef } of copy.metaGraphs) {
    if (!graphDef) continue
    found += replaceIn(graphDef.node, name => `${name}:0`)
    for (const { nodeDef } of graphDef.library?.function ?? []) {
      // in a function, a reference has the name of the output, too
      found += replaceIn(nodeDef, name => `${name}:resized:0`)
    }
  }
  return found > 0 ? copy : null
}

/** Returns how many were replaced. What nothing needs any more, TensorFlow leaves out. */
function replaceIn(nodes: NodeDef[], resizedOf: (name: string) => string): number {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const before = nodes.length
  for (const last of [...nodes]) {
    const chain = [last]
    while (chain.length < stockChain.length) {
      const next = byName.get(nameOf(chain.at(-1)!.input[0] ?? ''))
      if (!next || next.op !== stockChain[chain.length]) break
      chain.push(next)
    }
    if (last.op !== stockChain[0] || chain.length < stockChain.length) continue
    const [resize, expand] = chain.slice(-2) as [NodeDef, NodeDef]
    const name = `${resize.name}_native`
    const input = [expand.input[0]!, ...resize.input.slice(1)]
    nodes.push(create(NodeDefSchema, { name, op: 'TrainyardResize', input }))
    last.op = 'Identity'
    last.input = [resizedOf(name)]
    last.attr = {
      T: create(AttrValueSchema, { value: { case: 'type', value: DataType.DT_UINT8 } }),
    }
  }
  return nodes.length - before
}

/** Of `node:0`, and in a function of `node:output:0`. */
const nameOf = (reference: string) => nodeOf(reference).split(':')[0]!
