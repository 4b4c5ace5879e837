import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TarMember, tarOf } from '../formats/tar.js'
import type { SignatureDef } from '../graph/proto/tensorflow_pb.js'
import { variablesPrefix } from '../graph/saved-model.js'
import { modelKey } from '../models/registry.js'
import type { NetworkManifest } from '../spec/model.js'
import type { MadeFormat } from './export-task.js'
import { readFrozenGraph } from './frozen-graph.js'
import { modelMetadata } from './metadata.js'
import { networkToOnnx } from './onnx/network-onnx.js'
import { graphModelFiles } from './tfjs/graph-model.js'

const signatureName = 'serving_default'
const inputName = 'images'

type MakeExport = (folder: string, manifest: NetworkManifest) => AsyncIterable<Uint8Array>

/** `folder` has the SavedModel. */
export const networkFormats: Readonly<Record<MadeFormat, MakeExport>> = { onnx, tfjs, checkpoint }

async function* onnx(folder: string, manifest: NetworkManifest): AsyncGenerator<Uint8Array> {
  const { graph, signature } = await frozenGraph(folder, manifest)
  const { height, width, channels } = manifest.input
  const network = networkToOnnx({
    graph,
    input: {
      name: inputName,
      tensor: tensorOf(signature.inputs, inputName),
      shape: [height, width, channels],
    },
    outputs: Object.keys(signature.outputs).map(name => ({
      name,
      tensor: tensorOf(signature.outputs, name),
    })),
    classes: manifest.labels.length,
  })
  yield network.toModel(manifest.name, description, modelMetadata(manifest))
}

async function* tfjs(folder: string, manifest: NetworkManifest): AsyncGenerator<Uint8Array> {
  const { graph, signature } = await frozenGraph(folder, manifest)
  const files = graphModelFiles(graph, signature, modelMetadata(manifest))
  yield* tarOf(rootOf(manifest), files)
}

/** The variables under the name that checkpoints have. */
async function* checkpoint(folder: string, manifest: NetworkManifest): AsyncGenerator<Uint8Array> {
  const prefix = variablesPrefix(join(folder, 'saved_model'))
  const names = await readdir(join(prefix, '..'))
  const members: TarMember[] = names
    .filter(name => name.startsWith('variables.'))
    .sort()
    .map(name => ({
      name: name.replace(/^variables\./, 'model.ckpt.'),
      content: join(prefix, '..', name),
    }))
  yield* tarOf(rootOf(manifest), members)
}

const description =
  'images: pixels from 0 to 255 as [batch, height, width, channels]; normalization is part of the graph'

const rootOf = ({ name, version }: NetworkManifest) => `${name}-${version}`

const frozenGraph = (folder: string, { name, version }: NetworkManifest) =>
  readFrozenGraph(
    join(folder, 'saved_model'),
    signatureName,
    `${modelKey(name, version)}/saved_model`,
  )

function tensorOf(tensors: SignatureDef['inputs'], name: string): string {
  const encoding = tensors[name]?.encoding
  if (encoding?.case !== 'name') throw new Error(`the signature has no tensor ${name}`)
  return encoding.value
}
