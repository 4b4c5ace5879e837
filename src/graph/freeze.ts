// Makes the variables of a SavedModel constants, as other runtimes have them.
import { create } from '@bufbuild/protobuf'
import { GraphError } from './graph-error.js'
import { neededNodes, nodeOf, nodesOfSignature } from './needed-nodes.js'
import {
  AttrValueSchema,
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
  type SavedModel,
  type SignatureDef,
  TensorProtoSchema,
} from './proto/tensorflow_pb.js'

/** The names of the variables that a signature reads. Throws GraphError if there is no such signature. */
export function variablesOf(model: SavedModel, signature: string): string[] {
  const nodes = reachable(model, signature)
  return nodes.filter(({ op }) => op === variableOp).map(variableName)
}

/**
 * The part of a graph that a signature needs, with constants in place of the variables. `values` are little-endian
 * bytes by variable name. Throws GraphError if the graph does more with a variable than read it.
 */
export function freeze(
  model: SavedModel,
  signature: string,
  values: ReadonlyMap<string, Uint8Array>,
): { graph: GraphDef; signature: SignatureDef } {
  const { graphDef, signatureDef } = metaGraphOf(model)
  const nodes = reachable(model, signature)
  const handles = new Map(nodes.filter(({ op }) => op === variableOp).map(n => [n.name, n]))
  const node = nodes
    .filter(({ name }) => !handles.has(name))
    .map(each => {
      const handle = each.input.map(nodeOf).find(name => handles.has(name))
      return handle === undefined ? each : constant(each, handles.get(handle)!, values)
    })
  const { library, versions } = graphDef!
  const graph = create(GraphDefSchema, {
    node,
    ...(library && { library }),
    ...(versions && { versions }),
  })
  return { graph, signature: signatureDef[signature]! }
}

const variableOp = 'VarHandleOp'

/** Attribute `shared_name` is the variable's name in the checkpoint. */
function variableName({ name, attr }: NodeDef): string {
  const shared = attr.shared_name?.value
  return (shared?.case === 's' && Buffer.from(shared.value).toString()) || name
}

/** The constant that a read of a variable becomes. It keeps the name of the read, which others refer to. */
function constant(
  read: NodeDef,
  handle: NodeDef,
  values: ReadonlyMap<string, Uint8Array>,
): NodeDef {
  const name = variableName(handle)
  if (read.op !== 'ReadVariableOp') {
    throw new GraphError(`${read.name} (${read.op}) does not only read the variable ${name}`)
  }
  const [dtype, shape] = [handle.attr.dtype?.value, handle.attr.shape?.value]
  const tensorContent = values.get(name) as Uint8Array<ArrayBuffer> | undefined
  if (!tensorContent || dtype?.case !== 'type' || shape?.case !== 'shape') {
    throw new GraphError(`the variable ${name} has no ${tensorContent ? 'type or shape' : 'value'}`)
  }
  const tensor = create(TensorProtoSchema, {
    dtype: dtype.value,
    tensorShape: shape.value,
    tensorContent,
  })
  return create(NodeDefSchema, {
    name: read.name,
    op: 'Const',
    device: read.device,
    attr: {
      dtype: handle.attr.dtype!,
      value: create(AttrValueSchema, { value: { case: 'tensor', value: tensor } }),
    },
  })
}

function metaGraphOf({ metaGraphs }: SavedModel) {
  const [metaGraph] = metaGraphs
  if (metaGraph?.graphDef) return metaGraph
  throw new GraphError('the SavedModel has no graph')
}

/** The nodes that a signature depends on, in the order of the graph. */
function reachable(model: SavedModel, signature: string): NodeDef[] {
  const { graphDef, signatureDef } = metaGraphOf(model)
  const definition = signatureDef[signature]
  if (!definition) throw new GraphError(`there is no signature ${signature}`)
  return neededNodes(graphDef!.node, nodesOfSignature(definition))
}
