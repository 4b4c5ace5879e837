// Two APIs on one store and one Redis, as behind a proxy.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { type ApiHost, startApi, startWorker } from '../../testing/host.js'
import { mnistSample } from '../../testing/mnist.js'
import { startRedis } from '../../testing/redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

const patience = { timeoutMs: 120_000, intervalMs: 50 }

const request: JobRequest = {
  name: 'digits',
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 3, batchSize: 16 },
}

const image = Array.from({ length: 28 * 28 }, (_, i) => i % 256)

async function call({ url, key }: ApiHost, method: string, path: string, body: unknown) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
  const found = (await answer.json()) as { version: number }
  assert.ok(answer.ok, JSON.stringify(found))
  return found
}

/** The version that an alias means for predictions. */
async function versionAt(api: ApiHost): Promise<number> {
  const path = '/models/digits/predict?alias=live'
  return (await call(api, 'POST', path, { instances: [image] })).version
}

test('an API predicts with the version to which another one has moved an alias', async t => {
  const folder = await tempFolder(t)
  const redis = await startRedis(folder)
  t.after(() => redis.stop())
  const environment = {
    REDIS_URL: redis.url,
    TRAINYARD_DATA: join(folder, 'data'),
    TRAINYARD_SPARE_TRAINERS: 'off',
    TRAINYARD_PREDICTORS: '1',
  }
  const [one, other] = [await startApi(t, environment), await startApi(t, environment)]
  await one.client.datasets.push('digits', await mnistSample(64))
  startWorker(t, environment)
  for (const version of [1, 2]) {
    const { id } = await one.client.jobs.submit(request)
    const job = await eventually(
      'a model',
      async () => {
        const found = await one.client.jobs.get(id)
        return found.finishedAt ? found : null
      },
      patience,
    )
    assert.equal(job.result?.model.version, version, job.failure?.message)
  }
  const move = (version: number) => call(one, 'PUT', '/models/digits/aliases/live', { version })
  await move(1)
  await eventually('the first version', async () => (await versionAt(other)) === 1, patience)
  const times: number[] = []
  for (const version of [2, 1, 2, 1, 2]) {
    await move(version)
    const since = performance.now()
    await eventually('the alias to be followed', async () => (await versionAt(other)) === version)
    times.push(performance.now() - since)
  }
  t.diagnostic(`followed after ${times.map(ms => Math.round(ms)).join(', ')} ms`)
})
