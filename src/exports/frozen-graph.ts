import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { DamagedError, TrainyardError } from '../errors.js'
import { readTensorBundle, shardName, type TensorBundle } from '../formats/tensor-bundle.js'
import { freeze, variablesOf } from '../graph/freeze.js'
import {
  type GraphDef,
  type SavedModel,
  SavedModelSchema,
  type SignatureDef,
} from '../graph/proto/tensorflow_pb.js'
import { variablesPrefix } from '../graph/saved-model.js'

const savedModelFile = 'saved_model.pb'

/** A protobuf message, such as an ONNX file, has at most 2 GiB. The rest is for the graph. */
const maxVariableBytes = 1.9 * 2 ** 30

export interface FrozenGraph {
  graph: GraphDef
  signature: SignatureDef
}

/**
 * The part of a SavedModel that one signature needs, with its variables as constants. Throws EXPORT_TOO_LARGE before
 * it reads more than `maxBytes` of variables, and a DamagedError if a file cannot be read; `key` is that of the folder
 * in the data folder.
 */
export async function readFrozenGraph(
  folder: string,
  signature: string,
  key: string,
  maxBytes = maxVariableBytes,
): Promise<FrozenGraph> {
  const model = await readSavedModel(folder, key)
  const values = await readVariables(folder, key, variablesOf(model, signature), maxBytes)
  return freeze(model, signature, values)
}

async function readSavedModel(folder: string, key: string): Promise<SavedModel> {
  const bytes = await readFile(join(folder, savedModelFile))
  try {
    return fromBinary(SavedModelSchema, bytes)
  } catch (cause) {
    throw new DamagedError(`${key}/${savedModelFile}`, 'is no SavedModel', cause)
  }
}

async function readIndex(path: string, key: string): Promise<TensorBundle> {
  const bundle = await readTensorBundle(path).catch(cause => {
    throw cause instanceof TrainyardError ? new DamagedError(key, 'is damaged', cause) : cause
  })
  if (bundle) return bundle
  throw new DamagedError(key, 'is no index of a checkpoint')
}

async function readVariables(
  folder: string,
  key: string,
  names: readonly string[],
  maxBytes: number,
): Promise<Map<string, Uint8Array>> {
  const prefix = variablesPrefix(folder)
  const bundle = await readIndex(`${prefix}.index`, `${variablesPrefix(key)}.index`)
  const needed = new Set(names)
  const segments = bundle.segments.filter(({ name }) => needed.has(name))
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total > maxBytes) throw tooLarge(total, maxBytes)
  const values = new Map<string, Uint8Array>()
  for (let shard = 0; shard < bundle.shardCount; shard++) {
    const path = shardName(prefix, shard, bundle.shardCount)
    const handle = await open(path, 'r')
    try {
      for (const { name, offset, bytes } of segments.filter(each => each.shard === shard)) {
        const buffer = new Uint8Array(bytes)
        const { bytesRead } = await handle.read(buffer, 0, bytes, offset)
        if (bytesRead !== bytes) {
          const file = shardName(variablesPrefix(key), shard, bundle.shardCount)
          throw new DamagedError(file, 'is shorter than its index says')
        }
        values.set(name, buffer)
      }
    } finally {
      await handle.close()
    }
  }
  return values
}

function tooLarge(bytes: number, maxBytes: number): TrainyardError {
  const size = (bytes: number) => `${(bytes / 1e9).toPrecision(3)} GB`
  const message = `the weights take ${size(bytes)}, and a file of this format holds at most ${size(maxBytes)}: use format=checkpoint, or GET /models/:id/archive for the SavedModel`
  return new TrainyardError('EXPORT_TOO_LARGE', message)
}
