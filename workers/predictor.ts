// A predictor process for images: keeps the models that it is told to, and runs the batches that it is given.
// The server's process forms them (src/serving/pool).
import { join } from 'node:path'
import { assignedResources, readConfig } from '../src/config.js'
import { releaseLibraryPages } from '../src/engine/library-pages.js'
import { loadTensorFlow, type TensorFlow } from '../src/engine/tensorflow.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type { LoadedNetwork, NetworkOptions } from '../src/runtimes/network.js'
import { openNetwork } from '../src/runtimes/open-network.js'
import type { FromPredictor, LoadedModel, ToPredictor } from '../src/spec/ipc-messages.js'
import { Decoder } from './prediction/decoder.js'
import { ServedNetwork } from './prediction/served-network.js'

/** Loaded models by folder. */
const models = new Map<string, ServedNetwork>()

async function main(): Promise<void> {
  const { servingRuntime: runtime, dataFolder } = readConfig()
  const { threads } = assignedResources()
  const cacheFolder = join(dataFolder, '.cache', 'runtimes')
  const options = { threads, runtime, cacheFolder }
  const tf = loadTensorFlow()
  releaseLibraryPages()
  // in order; but batches are decoded while others run, if the runtime leaves this thread free
  let commands: Promise<void> = Promise.resolve()
  const runs = new Set<Promise<void>>()
  process.on('message', (message: ToPredictor) => {
    commands = commands.then(async () => {
      if (message.type === 'run') {
        const answered = run(message).finally(() => runs.delete(answered))
        runs.add(answered)
      } else {
        await Promise.all(runs)
        await (message.type === 'load' ? load(tf, message, options) : unload(message.folder))
      }
    })
  })
  process.on('disconnect', () => process.exit(0))
  send({ type: 'ready', rssBytes: process.memoryUsage.rss() })
}

/** Runs a batch and answers it; never rejects. */
async function run({ id, folder, size, parts }: ToPredictor & { type: 'run' }): Promise<void> {
  try {
    const model = models.get(folder)
    if (!model) throw new Error(`${folder} is not loaded`)
    const answer = await model.run(model.prepare(parts, size))
    send({ type: 'answer', id, answer, rssBytes: process.memoryUsage.rss() })
  } catch (error) {
    send({ type: 'failed', id, error: encodeError(error) })
  }
}

async function load(
  tf: TensorFlow,
  { folder, image, precision }: ToPredictor & { type: 'load' },
  options: Omit<NetworkOptions, 'precision'>,
): Promise<void> {
  let network: LoadedNetwork | undefined
  try {
    const before = process.memoryUsage.rss()
    network = await openNetwork(tf, folder, { ...options, precision, image })
    const model = new ServedNetwork(network, await Decoder.open(tf, folder, image), image)
    const times = await model.warmUp()
    releaseLibraryPages(folder)
    models.set(folder, model)
    const rssBytes = process.memoryUsage.rss()
    const bytes = Math.max(network.bytes, rssBytes - before)
    const loaded: LoadedModel = { bytes, serving: model.serving, times }
    send({ type: 'loaded', folder, model: loaded, rssBytes })
  } catch (error) {
    network?.close()
    send({ type: 'loadFailed', folder, error: encodeError(error) })
  }
}

function unload(folder: string): void {
  models.get(folder)?.close()
  models.delete(folder)
}

function send(message: FromPredictor): void {
  // if the API is gone, there is nobody to answer
  if (process.connected) process.send?.(message, () => {})
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
