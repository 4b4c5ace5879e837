import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { datasetKey } from '../../src/datasets/stored/dataset-key.js'
import { blockingOptions, connect } from '../../src/jobs/queue/redis.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { ModelRegistry } from '../../src/models/registry.js'
import { planPrediction } from '../../src/planning/plan-prediction.js'
import type { DatasetManifest, ImagesManifest } from '../../src/spec/dataset.js'
import type { Job } from '../../src/spec/job.js'
import { newJobId } from '../../testing/running-job.js'
import { putModel, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'
import { runScripts, type Script } from './supervision/scripted-worker.js'

let server: TestServer
let redis: Redis
let shades: DatasetManifest
before(async () => {
  server = await startServer()
  redis = connect(server.redis, blockingOptions, () => {})
  await uploadDataset(server)
  shades = await server.deps.datasets.get('shades')
})
after(async () => {
  redis.disconnect()
  await server.close()
})

let made = 0

/** The data set of predictions, and how far its trainer stores it before it dies. */
interface Publication {
  dataset: { id: string; name: string }
  store(publication: Publication): Promise<void>
}

const predicted = (store: Publication['store']): Publication => {
  const n = ++made
  return { dataset: { id: `ds-${String(n).padStart(16, '0')}`, name: `predicted-${n}` }, store }
}

const stage = async ({ dataset }: Publication) => ({
  folder: await server.store.stage(),
  manifest: { ...shades, ...dataset },
})

/** As `Datasets.publish` does, which dies before it gives the name. */
const commitOnly = async (publication: Publication) => {
  const { folder, manifest } = await stage(publication)
  await server.store.commit(folder, datasetKey(manifest.id), manifest)
}

const publish = async (publication: Publication) => {
  const { folder, manifest } = await stage(publication)
  await server.deps.datasets.publish(folder, manifest, manifest.name)
}

/** Runs a job that is cancelled while its trainer stores the predictions, and dies before the worker hears of it. */
async function runCancelled(publication: Publication): Promise<Job> {
  await putModel(server.store, 'reader', made)
  const model = await new ModelRegistry(server.store).get('reader', made)
  const id = newJobId()
  const { dataset, store } = publication
  const predict = { model: 'reader', version: made, datasetName: dataset.name }
  // as the images that the model takes
  const small = { ...(shades as ImagesManifest), height: 2, width: 2 }
  const identity = { id, createdAt: new Date().toISOString() }
  const job = planPrediction(identity, { dataset: 'shades', predict }, small, model)
  await new JobRecords(server.store).create(job)
  const script: Script = async ({ recorder, request, cutOff }) => {
    await recorder.phase('saving', job.predict.steps)
    await request('cancel')
    cutOff()
    await recorder.publishDataset(dataset, job.predict.steps, { accuracy: 0.5 }, () =>
      store(publication),
    )
    return 'crash'
  }
  const findDataset = (name: string) => server.deps.datasets.get(name)
  await runScripts({ server, redis, findDataset }, id, [script])
  return (await server.api.get(`/jobs/${id}`)).body as Job
}

const nameNow = async (name: string) => (await server.deps.datasets.get(name)).id

for (const [how, store] of [
  ['stored the data set of predictions', publish],
  ['stored it without its name', commitOnly],
] as const) {
  test(`a job that is cancelled after its trainer ${how} and died has succeeded`, async () => {
    const publication = predicted(store)
    const { dataset } = publication
    const job = await runCancelled(publication)
    assert.equal(job.status, 'succeeded')
    assert.deepEqual(job.result!.dataset, dataset)
    assert.deepEqual(job.result!.model, { id: 'reader', version: made })
    assert.equal(job.metrics.accuracy, 0.5)
    assert.equal(job.progress.step, shades.records)
    assert.equal(await nameNow(dataset.name), dataset.id)
    const { items } = (await server.api.get(`/jobs/${job.id}/logs`)).body
    assert.match(JSON.stringify(items), /its trainer had stored the result/)
  })
}

test('a job whose trainer died before it stored the data set is cancelled', async () => {
  const job = await runCancelled(predicted(async () => {}))
  assert.equal(job.status, 'cancelled')
  assert.equal(job.result, null)
})

test('a name that was given to newer content meanwhile stays with it', async () => {
  const publication = predicted(async before => {
    await commitOnly(before)
    await publish({ ...before, dataset: { ...before.dataset, id: 'ds-00000000000000ff' } })
  })
  const job = await runCancelled(publication)
  assert.equal(job.result!.dataset!.id, publication.dataset.id)
  assert.equal(await nameNow(publication.dataset.name), 'ds-00000000000000ff')
})
