// The predictor process: keeps models in memory and answers one request after another.
import { availableParallelism } from 'node:os'
import { setEnvironment } from '../src/config.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import { openSession, type Session } from '../src/graph/session.js'
import type { FromPredictor, PredictRequest, ToPredictor } from '../src/spec/ipc-messages.js'

/** Least recently used first; more would only help a server of many models. */
const maxCachedModels = 8
const models = new Map<string, Promise<Session>>()

async function main(): Promise<void> {
  setEnvironment(engineEnvironment({ cores: availableParallelism() }))
  const tf = loadTensorFlow()
  const open = (folder: string) => openSession(tf, folder)
  let queue: Promise<void> = Promise.resolve()
  process.on('message', (request: ToPredictor) => {
    queue = queue.then(() => answer(request, open))
  })
  process.on('disconnect', () => process.exit(0))
  send({ type: 'ready' })
}

async function answer(
  request: PredictRequest,
  open: (folder: string) => Promise<Session>,
): Promise<void> {
  const { id, folder, input } = request
  try {
    const session = await loadModel(folder, open)
    const pixels = input.kind === 'pixels' ? input : decode(session, input.files)
    const fetched = session.run('serving_default', {
      images: { data: pixels.data, shape: pixels.shape },
    })
    const { data, shape } = fetched.get('probabilities')
    send({ type: 'answer', id, probabilities: data as Float32Array, classes: shape[1]! })
  } catch (error) {
    const code = error instanceof UndecodableImageError ? 'UNDECODABLE_IMAGE' : 'INTERNAL'
    send({ type: 'error', id, code, message: error instanceof Error ? error.message : `${error}` })
  }
}

async function loadModel(
  folder: string,
  open: (folder: string) => Promise<Session>,
): Promise<Session> {
  const cached = models.get(folder)
  models.delete(folder)
  const model = cached ?? open(folder)
  models.set(folder, model)
  model.catch(() => models.delete(folder))
  const [oldest] = models
  if (models.size > maxCachedModels && oldest) {
    models.delete(oldest[0])
    const session = await oldest[1]
    session.close()
  }
  return model
}

class UndecodableImageError extends Error {}

/** PNG or JPEG files → pixels in the model's size, by the model's own graph. */
function decode(session: Session, files: readonly Uint8Array[]) {
  const images = files.map((file, i) => {
    try {
      return session.run('decode', { file }).get('image')
    } catch (cause) {
      const message = `image ${i} cannot be decoded: behind its header the file is damaged`
      throw new UndecodableImageError(message, { cause })
    }
  })
  const [height = 0, width = 0, channels = 0] = images[0]?.shape ?? []
  const size = height * width * channels
  const data = new Float32Array(images.length * size)
  for (const [i, image] of images.entries()) data.set(image.data as Float32Array, i * size)
  return { data, shape: [images.length, height, width, channels] }
}

function send(message: FromPredictor): void {
  // the api that asked may be gone; then nobody waits
  if (process.connected) process.send?.(message, () => {})
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
