import { clone } from '@bufbuild/protobuf'
import { neededNodes, nodesOfSignature } from './needed-nodes.js'
import { MetaGraphDefSchema, type SavedModel } from './proto/tensorflow_pb.js'

/**
 * The part of a SavedModel that some of its signatures need, without its variables: for signatures that
 * compute with none, it loads in a moment and takes no memory for them.
 */
export function partOfSavedModel(model: SavedModel, signatures: readonly string[]): SavedModel {
  const metaGraphs = model.metaGraphs.map(metaGraph => {
    const part = clone(MetaGraphDefSchema, metaGraph)
    const named = Object.entries(part.signatureDef).filter(([name]) => signatures.includes(name))
    part.signatureDef = Object.fromEntries(named)
    const roots = named.flatMap(([, signature]) => nodesOfSignature(signature))
    if (part.graphDef) part.graphDef.node = neededNodes(part.graphDef.node, roots)
    part.saverDef = undefined
    part.collectionDef = {}
    return part
  })
  return { ...model, metaGraphs }
}
