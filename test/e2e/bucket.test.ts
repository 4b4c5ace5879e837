// A bucket as the only record: two servers with data folders and Redis databases of their own, one after the other.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { Bucket } from '../../src/store/s3/bucket.js'
import { mnistSample } from '../../testing/mnist.js'
import { makeBucket, needsObjectStore, startObjectStore } from '../../testing/object-store.js'
import { type S3Proxy, startS3Proxy } from '../../testing/s3-proxy.js'
import { readTable } from '../../testing/tables.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const run = promisify(execFile)
const copyScript = fileURLToPath(new URL('../../src/supervisor/copy-store.js', import.meta.url))

const bucketName = 'trainyard'
const ends: (() => unknown)[] = []
let proxy: S3Proxy
let bucket: Bucket
let settings: NodeJS.ProcessEnv
/** The first server. */
let first: TestDeployment

before(async () => {
  if (needsObjectStore.skip) return
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-s3-'))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  const t = { after: (work: () => unknown) => void ends.push(work) }
  const server = await startObjectStore(t, folder)
  proxy = await startS3Proxy(t, server.endpoint)
  const credentials = await makeBucket(server, bucketName)
  settings = {
    ...credentials,
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
    TRAINYARD_STORE: `s3://${bucketName}/records`,
    TRAINYARD_KEY: 'the-same-key-everywhere',
  }
  const place = { bucket: bucketName, prefix: 'records/', region: 'us-east-1' }
  bucket = new Bucket({ ...place, endpoint: server.endpoint })
  first = await TestDeployment.open(settings)
  await first.client.datasets.push('digits', await mnistSample(1280))
  await uploadTable(first, 'wine')
})
after(async () => {
  await first?.close()
  for (const end of ends.reverse()) await end()
})

const network = (name: string): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, shuffleBuffer: 500, steps: 600, checkpointEvery: 100 },
})
const boosting = (name: string): JobRequest => ({
  name,
  model: { kind: 'boosting', objective: 'multiclass', rounds: 200, subsample: 0.5 },
  dataset: 'wine',
  training: { checkpointEvery: 25 },
})

/** The SHA-256 of what the bucket has as the file of a job's model. */
async function hashOf(job: Job, file: RegExp): Promise<string> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const { id, version } = job.result!.model
  for await (const { key } of bucket.list(`.files/models/${id}/${version}/`)) {
    if (!file.test(key)) continue
    const found = await bucket.get(key)
    assert.ok(found !== null)
    return createHash('sha256').update(found.body).digest('hex')
  }
  throw new Error(`the bucket has no ${file} of ${id}`)
}

const weights = /variables\.data-00000-of-00001$/

test(
  'jobs whose trainers are killed end with the bytes of undisturbed ones',
  needsObjectStore,
  async () => {
    for (const [request, file, at] of [
      [network, weights, 317],
      [boosting, /model\.ubj$/, 80],
    ] as const) {
      const undisturbed = await first.train(request('undisturbed'))
      let killed = false
      const job = await first.train(request('killed'), async step => {
        if (killed || step < at) return
        killed = true
        process.kill(await first.activeTrainer(), 'SIGKILL')
      })
      assert.ok(killed)
      assert.equal(job.attempt, 2)
      assert.equal(await hashOf(job, file), await hashOf(undisturbed, file))
    }
  },
)

test('a job writes few objects', needsObjectStore, async t => {
  const before = { ...proxy.requests }
  const job = await first.train(network('counted'))
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const used = Object.entries(proxy.requests).map(
    ([method, count]) => [method, count - before[method as keyof S3Proxy['requests']]] as const,
  )
  t.diagnostic(`requests of a job with 6 checkpoints: ${JSON.stringify(Object.fromEntries(used))}`)
  // reads depend on who follows, and for how long; writes on the job alone
  const puts = used.find(([method]) => method === 'PUT')![1]
  assert.ok(puts < 300, `${puts} PUT requests`)
})

test(
  'another server with an empty data folder and another Redis has all, and goes on',
  needsObjectStore,
  async () => {
    const { items: jobsBefore } = await first.client.jobs.list({})
    const running = await first.client.jobs.submit(network('moved'))
    for await (const { event, data } of first.follow(running.id)) {
      if (event === 'metrics' && data.step >= 250) break
    }
    await first.stop()
    const second = await TestDeployment.open(settings)
    try {
      const moved = await second.waitForEnd(await second.client.jobs.get(running.id))
      assert.equal(moved.attempt, 2)
      const { items } = await second.client.jobs.list({})
      assert.equal(items.length, jobsBefore.length + 1)
      const undisturbed = items.find(
        ({ name, model }) => name === 'undisturbed' && model.kind === 'resnet',
      )
      assert.equal(await hashOf(moved, weights), await hashOf(undisturbed!, weights))
      const { points } = await second.client.jobs.metrics(moved.id, {
        names: 'loss',
        limit: '10000',
      })
      assert.deepEqual(
        points.loss!.map(({ step }) => step),
        Array.from({ length: 600 }, (_, i) => i + 1),
      )
      const log = await second.client.jobs.logs(moved.id)
      assert.ok(log.items.some(({ attempt }) => attempt === 1))
      const { rows } = readTable('wine')
      const { predictions } = await second.client.models.predictRows('killed', rows.slice(0, 5))
      assert.equal(predictions.length, 5)
      await second.client.jobs.delete(moved.id)
      assert.deepEqual(await keysBelow(`jobs/${moved.id}/`), [])
      assert.deepEqual(await keysBelow(`.files/jobs/${moved.id}/`), [])
      await second.client.datasets.delete('digits')
      assert.ok((await readdir(join(second.folder, '.cache', 'store', 'folders'))).length > 0)
    } finally {
      await second.close()
    }
  },
)

test(
  'the record moves to a folder, with which a server without a bucket goes on, and back',
  needsObjectStore,
  async t => {
    const folder = join(await tempFolder(t), 'record')
    const records = `s3://${bucketName}/records`
    const copy = (from: string, to: string) =>
      run(process.execPath, [copyScript, from, to], { env: { ...process.env, ...settings } })
    assert.match((await copy(records, folder)).stdout, /^trainyard: copied .+ of s3:/m)
    const { AWS_ENDPOINT_URL_S3: _, TRAINYARD_STORE: __, ...withoutBucket } = settings
    const server = await TestDeployment.open(withoutBucket, undefined, folder)
    // the data set has its name, and the version follows those of the record
    const next = await server.train(boosting('killed'))
    assert.equal(next.result?.model.version, 3, next.failure?.message)
    const { items } = await server.client.jobs.list({})
    assert.ok(items.length >= 5, `${items.length} jobs`)
    const { rows } = readTable('wine')
    const answer = await server.client.models.predictRows('killed', rows.slice(0, 5))
    await assert.rejects(copy(folder, `${records}-2`), /a server uses \S+ \(process \d+\)/)
    await server.stop()
    const { stdout } = await copy(folder, `${records}-2`)
    assert.match(stdout, /Start the server with TRAINYARD_STORE=s3:\S+records-2;/)
    const moved = await TestDeployment.open({ ...settings, TRAINYARD_STORE: `${records}-2` })
    t.after(() => moved.close())
    const { items: again } = await moved.client.jobs.list({})
    assert.deepEqual(again.map(({ id }) => id).sort(), items.map(({ id }) => id).sort())
    assert.deepEqual(
      (await moved.client.models.predictRows('killed', rows.slice(0, 5))).predictions,
      answer.predictions,
    )
  },
)

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list(prefix)) keys.push(key)
  return keys
}
