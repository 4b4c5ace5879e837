import { create } from '@bufbuild/protobuf'
import type { Graph, Node, Tensor } from './graph.js'
import {
  type AttrValue,
  type FunctionDef,
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from './proto/tensorflow_pb.js'

/** TensorFlow 2.21's: `producer` selects attribute defaults, `minConsumer` the oldest reader. */
const versions = { producer: 2474, minConsumer: 12 }

/** A tensor's name outside of functions; `function.ts` has the other form. */
export const tensorName = ({ node, index }: Tensor): string => `${node.name}:${index}`

export function nodeDef(node: Node, tensorNameOf: (tensor: Tensor) => string): NodeDef {
  return create(NodeDefSchema, {
    name: node.name,
    op: node.op.type,
    input: [
      ...node.inputs.map(tensorNameOf),
      ...node.controlInputs.map(controlInput => `^${controlInput.name}`),
    ],
    device: node.device || node.graph.home,
    attr: node.op.attrs(node.inputs, node.attrs),
  })
}

/** The nodes that `roots` depend on, with the functions they call. */
export function graphDef(graph: Graph, roots: Iterable<Node>): GraphDef {
  const needed = new Set<Node>(roots)
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node)) continue
    for (const input of node.inputs) needed.add(input.node)
    for (const controlInput of node.controlInputs) needed.add(controlInput)
  }
  const node = graph.nodes.filter(each => needed.has(each)).map(each => nodeDef(each, tensorName))
  return create(GraphDefSchema, {
    node,
    library: { function: calledFunctions(graph, node) },
    versions,
  })
}

/** The functions that nodes call, and those that these call. */
function calledFunctions(graph: Graph, nodes: readonly NodeDef[]): FunctionDef[] {
  const called = new Map<string, FunctionDef>()
  const pending = [...nodes]
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const name of Object.values(node.attr).flatMap(functionNames)) {
      if (called.has(name)) continue
      const definition = graph.functions.get(name)!
      called.set(name, definition)
      pending.push(...definition.nodeDef)
    }
  }
  return [...called.values()]
}

function functionNames({ value }: AttrValue): string[] {
  if (value.case === 'func') return [value.value.name]
  return value.case === 'list' ? value.value.func.map(({ name }) => name) : []
}
