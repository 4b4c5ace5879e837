import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { readTensorBundle, shardName } from '../formats/tensor-bundle.js'
import { freeze, variablesOf } from '../graph/freeze.js'
import { type GraphDef, SavedModelSchema, type SignatureDef } from '../graph/proto/tensorflow_pb.js'
import { variablesPrefix } from '../graph/saved-model.js'

/** A protobuf message, such as an ONNX file, has at most 2 GiB. The rest is for the graph. */
const maxVariableBytes = 1.9 * 2 ** 30

export interface FrozenGraph {
  graph: GraphDef
  signature: SignatureDef
}

/** The part of a SavedModel that one signature needs, with its variables as constants. */
export async function readFrozenGraph(folder: string, signature: string): Promise<FrozenGraph> {
  const model = fromBinary(SavedModelSchema, await readFile(join(folder, 'saved_model.pb')))
  const values = await readVariables(folder, variablesOf(model, signature))
  return freeze(model, signature, values)
}

async function readVariables(
  folder: string,
  names: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const prefix = variablesPrefix(folder)
  const bundle = await readTensorBundle(`${prefix}.index`)
  if (!bundle) throw new Error(`${prefix}.index is no checkpoint`)
  const needed = new Set(names)
  const segments = bundle.segments.filter(({ name }) => needed.has(name))
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total > maxVariableBytes) {
    throw new Error(`its ${total} bytes of variables are more than a file of this format may hold`)
  }
  const values = new Map<string, Uint8Array>()
  for (let shard = 0; shard < bundle.shardCount; shard++) {
    const path = shardName(prefix, shard, bundle.shardCount)
    const handle = await open(path, 'r')
    try {
      for (const { name, offset, bytes } of segments.filter(each => each.shard === shard)) {
        const buffer = new Uint8Array(bytes)
        const { bytesRead } = await handle.read(buffer, 0, bytes, offset)
        if (bytesRead !== bytes) throw new Error(`${path} became shorter while it was read`)
        values.set(name, buffer)
      }
    } finally {
      await handle.close()
    }
  }
  return values
}
