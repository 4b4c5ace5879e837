import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import supertest from 'supertest'
import { type AccessSettings, onlyThisMachine } from '../src/api/access/access-settings.js'
import { type AppDeps, buildApp } from '../src/api/app.js'
import { ensureApiKey } from '../src/api/http/api-keys.js'
import type { Limits } from '../src/api/http/limits.js'
import { unlistedProblem } from '../src/api/http/problem-details.js'
import { createLogger } from '../src/api/log.js'
import { openParts, type PartsConfig, type PartsOverrides } from '../src/api/parts.js'
import type { AllowedNetworks } from '../src/net/addresses.js'
import type { ModelManifest, NetworkManifest } from '../src/spec/model.js'
import type { Reference } from '../src/spec/model-watch.js'
import type { Store } from '../src/store/store.js'
import { referenceFile } from '../src/watching/reference.js'
import { startRedis, type TestRedis } from './redis.js'

export interface TestServer {
  app: FastifyInstance
  url: string
  key: string
  folder: string
  store: Store
  redis: TestRedis
  deps: AppDeps
  /** All log lines so far. */
  log(): string
  /** Sends requests with the key. */
  api: ReturnType<typeof supertest.agent>
  close(): Promise<void>
}

interface TestServerOptions {
  limits?: Partial<Limits>
  /** Names of models that stay loaded. */
  pinnedModels?: readonly string[]
  /** As TRAINYARD_PREDICTION_WAIT_MS. */
  predictionWaitMs?: number
  /** The port of gRPC; 0 picks one, which the log has. */
  grpcPort?: number
  /** Who may call the server beside this machine; nobody by default. */
  access?: Partial<AccessSettings>
  /** Networks that webhooks may call; `public` by default. */
  webhooks?: AllowedNetworks
  webhookTiming?: NonNullable<PartsOverrides['webhookTiming']>
  /** Where data sets may come from, beside uploads and public addresses. */
  sources?: Pick<PartsConfig, 'dataRoots' | 'fetchAllow' | 's3'>
  /** Control file of the failpoints (src/store/failpoints.ts). */
  failpoints?: string
}

/** Serves the real parts over a fresh folder and its own Redis; only the predictor has no TensorFlow. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'))
  const redis = await startRedis(folder)
  const lines: string[] = []
  const log = createLogger('debug', logSink(lines))
  const dataFolder = join(folder, 'data')
  const { parts, close: closeParts } = await openParts(
    {
      dataFolder,
      redis,
      webhooks: options.webhooks ?? 'public',
      ...options.sources,
      ...(options.pinnedModels && { pinnedModels: options.pinnedModels }),
      ...(options.predictionWaitMs && { predictionWaitMs: options.predictionWaitMs }),
      key: null,
      failpoints: options.failpoints ?? null,
      childEnvironment: process.env,
    },
    log,
    {
      predictorScript: fileURLToPath(new URL('./small-predictor.js', import.meta.url)),
      ...(options.webhookTiming && { webhookTiming: options.webhookTiming }),
    },
  )
  const key = await ensureApiKey(dataFolder)
  const access = { ...onlyThisMachine, ...options.access }
  const deps = { ...parts, log, access, ...(options.limits && { limits: options.limits }) }
  const { grpcPort } = options
  const grpc = grpcPort === undefined ? null : { host: '127.0.0.1', port: grpcPort }
  const app = await buildApp({ ...deps, grpc })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const api = supertest.agent(url).set('authorization', `Bearer ${key}`)
  const close = async () => {
    await app.close()
    await closeParts()
    await redis.stop()
    // a write that began before the end may come late
    await rm(folder, { recursive: true, maxRetries: 20, retryDelay: 50 })
    const unlisted = lines.filter(line => line.includes(unlistedProblem))
    if (unlisted.length > 0) throw new Error(`codes to list in the routes:\n${unlisted.join('')}`)
  }
  return {
    app,
    url,
    key,
    folder,
    store: parts.store,
    redis,
    deps,
    log: () => lines.join(''),
    api,
    close,
  }
}

function logSink(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
}

/** IDX files of 4x4 grey images: half are dark (class 0), half are bright (class 1). */
export function idxFiles(records = 40): { images: Buffer; labels: Buffer } {
  const images = Buffer.alloc(16 + records * 16)
  const labels = Buffer.alloc(8 + records)
  images.writeUInt32BE(0x803, 0)
  labels.writeUInt32BE(0x801, 0)
  for (const [i, size] of [records, 4, 4].entries()) images.writeUInt32BE(size, 4 + 4 * i)
  labels.writeUInt32BE(records, 4)
  for (let i = 0; i < records; i++) {
    labels[8 + i] = i % 2
    images.fill(i % 2 ? 200 + (i % 50) : i % 50, 16 + i * 16, 32 + i * 16)
  }
  return { images, labels }
}

export async function uploadDataset({ api }: TestServer, name = 'shades', records = 40) {
  const { images, labels } = idxFiles(records)
  const answer = await api
    .post('/datasets')
    .field('name', name)
    .attach('file', images, 'train-images-idx3-ubyte')
    .attach('file', labels, 'train-labels-idx1-ubyte')
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.body
}

export const smallJob = {
  model: { kind: 'resnet' },
  dataset: 'shades',
  training: { steps: 4, batchSize: 4 },
}

/** Commits a model to the store, as a trainer does. */
export async function putModel(
  store: Store,
  name: string,
  version = 1,
  reference: Reference | null = null,
  writeNetwork: (folder: string, manifest: NetworkManifest) => Promise<void> = writeNoNetwork,
): Promise<ModelManifest> {
  const manifest: NetworkManifest = {
    name,
    version,
    jobId: 'job-01jdzzzzzzzzzzzzzzzzzzzzzz',
    createdAt: new Date().toISOString(),
    model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
    dataset: { id: 'ds-0123456789abcdef', name: 'shades' },
    step: 4,
    input: { height: 2, width: 2, channels: 1, mean: [127], std: [60] },
    labels: ['dark', 'bright'],
    metrics: { validationAccuracy: 0.99 },
  }
  const staged = await store.stage()
  await writeNetwork(join(staged, 'saved_model'), manifest)
  if (reference) await writeFile(join(staged, referenceFile), JSON.stringify(reference))
  await store.commit(staged, `models/${name}/${version}`, manifest)
  return manifest
}

/** The small predictor reads no file of a model. */
async function writeNoNetwork(folder: string): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'saved_model.pb'), 'graph')
}
