import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, openAsBlob } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ModelRegistry } from '../../../src/models/registry.js'
import type { JobRequest } from '../../../src/spec/job.js'
import type { NetworkManifest } from '../../../src/spec/model.js'
import { manifestName } from '../../../src/store/committed-folder.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { eventually } from '../../../testing/eventually.js'
import { TestDeployment } from '../../../testing/test-deployment.js'
import { BenchError } from '../../failure.js'
import { cacheFolder, root } from '../../paths.js'
import { pythonOf } from '../../venv.js'
import type { NetworkCase } from '../cases.js'

/** As many as a batch of most servers, so that no server answers from a cache. */
export const probeCount = 40
const dataset = 'photos'
const uploadTimeoutMs = 300_000

/** An image that clients send. */
export interface Probe {
  file: Buffer
  path: string
  /** The label that the model should predict. */
  label: string
}

/** A network that every server serves, in files. */
export interface ServedNetwork {
  manifest: NetworkManifest
  /** `saved_model` and `saved_model_int8`. */
  folder: string
  onnx: string
  /** A zip of images that it was trained on. */
  trainingImages: string
  probes: readonly Probe[]
}

/** What a server of a network needs. */
export interface NetworkInput extends Pick<NetworkCase, 'side' | 'files'> {
  network: ServedNetwork
  threads: number
}

/** The network of a case, trained at the first call and kept in the cache of the benches. */
export async function openNetwork(each: NetworkCase): Promise<ServedNetwork> {
  const { model, side, files, training } = each
  const task = createHash('sha256').update(JSON.stringify({ model, side, files, training }))
  const folder = join(cacheFolder(), `served-${each.name}-${task.digest('hex').slice(0, 12)}`)
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { recursive: true })
    await trainNetwork(each, partial)
    // moved last, so that an interrupted training leaves none
    await rename(partial, folder)
  }
  return {
    manifest: JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')),
    folder: join(folder, 'model'),
    onnx: join(folder, 'network.onnx'),
    trainingImages: join(folder, 'training.zip'),
    probes: await readProbes(join(folder, 'probes')),
  }
}

/** Trains a network for a moment by a job of a whole server, with its 8-bit form, and exports it. */
async function trainNetwork(each: NetworkCase, folder: string): Promise<void> {
  const { files, training, side } = each
  const script = join(root, 'bench', 'serve', 'python', 'make_images.py')
  const sizes = [files.width, files.height, training.images, probeCount].map(String)
  const python = await pythonOf('images', 'cpu')
  await promisify(execFile)(python, ['-B', script, folder, files.format, ...sizes])

  console.error(`bench: training ${each.name} for ${training.steps} steps, which is done once`)
  const server = await TestDeployment.open()
  try {
    await upload(server, join(folder, 'training.zip'), side)
    const job = await server.train({
      model: each.model,
      dataset,
      training: { steps: training.steps, batchSize: training.batchSize, learningRate: 1e-3 },
      // keeps the 8-bit form, whatever it costs
      serving: { precision: 'int8', maxAccuracyLoss: 1 },
    } as JobRequest)
    if (job.status !== 'succeeded') {
      const reason = `${job.status}: ${job.failure?.message}`
      throw new BenchError(`the training of ${each.name} ended as ${reason}`)
    }
    const { id, version } = job.result!.model
    const exported = await fetch(`${server.url}/models/${id}/export?format=onnx`, {
      headers: { authorization: `Bearer ${server.key}` },
    })
    await writeFile(join(folder, 'network.onnx'), Buffer.from(await exported.arrayBuffer()))
    const registry = new ModelRegistry(await openFolderStore(server.folder))
    const { id: _, versions: __, ...manifest } = await registry.get(id, version)
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
    const { folder: published, names } = await registry.files({ name: id, version })
    for (const name of names) {
      // publishing it again writes the next one
      if (name !== manifestName) await cp(join(published, name), join(folder, 'model', name))
    }
  } finally {
    await server.close()
  }
}

async function upload({ url, key, client }: TestDeployment, zip: string, side: number) {
  const form = new FormData()
  form.set('name', dataset)
  form.set('resize', JSON.stringify({ height: side, width: side, mode: 'stretch' }))
  form.append('files', await openAsBlob(zip), 'training.zip')
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${url}/datasets`, { method: 'POST', headers, body: form })
  if (!answer.ok) throw new BenchError(`the images were refused: ${await answer.text()}`)
  // it may still be made
  const made = () => client.datasets.get(dataset).catch(() => null)
  await eventually('the data set to be made', made, { timeoutMs: uploadTimeoutMs })
}

async function readProbes(folder: string): Promise<Probe[]> {
  const names = (await readdir(folder)).sort()
  return Promise.all(
    names.map(async name => {
      const path = join(folder, name)
      return { file: await readFile(path), path, label: name.slice(0, name.lastIndexOf('-')) }
    }),
  )
}
