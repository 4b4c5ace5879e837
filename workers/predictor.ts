// The predictor process for images: keeps models in memory and answers requests one after another.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { readConfig, setEnvironment } from '../src/config.js'
import { graphInput } from '../src/datasets/images/encoded/graph-input.js'
import { ImageError } from '../src/datasets/images/image-error.js'
import { engineEnvironment, servingEnvironment } from '../src/engine/environment.js'
import { loadTensorFlow, type TensorFlow } from '../src/engine/tensorflow.js'
import { TrainyardError } from '../src/errors.js'
import { factValues } from '../src/graph/ops/standard-image.js'
import { openSession, type Session } from '../src/graph/session.js'
import type { Feed } from '../src/graph/values.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type { ImageBatch, LoadedNetwork, NetworkOptions } from '../src/runtimes/network.js'
import { openNetwork } from '../src/runtimes/open-network.js'
import type { FromPredictor, PredictRequest, ToPredictor } from '../src/spec/ipc-messages.js'

interface LoadedModel {
  network: LoadedNetwork
  /** Decodes image files; opened with the first of them. */
  decoder(): Promise<Session>
  close(): void
}

/** Loaded models by folder. If the API serves more of them, it reloads the least recently used. */
const models = lru<Promise<LoadedModel>>(8).onEvict(({ value }) => {
  // a model that failed to load has nothing to close
  value.then(
    model => model.close(),
    () => {},
  )
})

async function main(): Promise<void> {
  const threads = availableParallelism()
  setEnvironment({ ...engineEnvironment({ cores: threads }), ...servingEnvironment })
  const { servingRuntime: runtime, dataFolder } = readConfig()
  const cacheFolder = join(dataFolder, '.cache', 'runtimes')
  const options: NetworkOptions = { threads, runtime, precision: 'auto', cacheFolder }
  const tf = loadTensorFlow()
  let queue: Promise<void> = Promise.resolve()
  process.on('message', (request: ToPredictor) => {
    queue = queue.then(() => answer(request, folder => openModel(tf, folder, options)))
  })
  process.on('disconnect', () => process.exit(0))
  send({ type: 'ready' })
}

async function openModel(
  tf: TensorFlow,
  folder: string,
  options: NetworkOptions,
): Promise<LoadedModel> {
  const network = await openNetwork(tf, folder, options)
  let decoder: Promise<Session> | null = null
  return {
    network,
    decoder() {
      decoder ??= openSession(tf, folder)
      return decoder
    },
    close() {
      network.close()
      decoder?.then(
        session => session.close(),
        () => {},
      )
    },
  }
}

async function answer(
  request: PredictRequest,
  open: (folder: string) => Promise<LoadedModel>,
): Promise<void> {
  const { id, folder, input } = request
  try {
    const model = await loadModel(folder, open)
    const pixels = input.kind === 'pixels' ? input : decode(await model.decoder(), input.files)
    const { logits, probabilities, classes } = await model.network.run(pixels)
    send({ type: 'answer', id, logits, probabilities, classes })
  } catch (error) {
    send({ type: 'error', id, error: encodeError(error) })
  }
}

async function loadModel(
  folder: string,
  open: (folder: string) => Promise<LoadedModel>,
): Promise<LoadedModel> {
  const cached = models.get(folder)
  if (cached) return cached
  const model = open(folder)
  models.set(folder, model)
  model.catch(() => models.delete(folder))
  return model
}

/** Image files → pixels [n, h, w, c] of the model's input size, by the model's `decode` signature. */
function decode(session: Session, files: readonly Uint8Array[]): ImageBatch {
  const images = files.map((file, i) => {
    try {
      return session.run('decode', decodeInputs(session, file)).get('image')
    } catch (cause) {
      const reason = cause instanceof ImageError ? `: ${cause.message}` : ''
      const message = `image ${i} cannot be decoded: the file is damaged after its header${reason}`
      throw new TrainyardError('UNDECODABLE_IMAGE', message, { cause })
    }
  })
  const [height = 0, width = 0, channels = 0] = images[0]?.shape ?? []
  const size = height * width * channels
  const data = new Float32Array(images.length * size)
  for (const [i, image] of images.entries()) data.set(image.data as Float32Array, i * size)
  return { data, shape: [images.length, height, width, channels] }
}

/** Models of older versions take a file alone, and turn no images. */
function decodeInputs(session: Session, file: Uint8Array): Record<string, Feed> {
  if (!session.hasInput('decode', 'facts')) return { file }
  const channels = session.outputShape('decode', 'image')[2] as 1 | 3 | 4
  const { contents, facts } = graphInput(file, channels)
  const data = factValues(facts)
  return { file: contents, facts: { data, shape: [data.length] } }
}

function send(message: FromPredictor): void {
  // if the API is gone, there is nobody to answer
  if (process.connected) process.send?.(message, () => {})
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
