// What is damaged is never used: neither to train, nor to predict, nor to be sent.
import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { BoostingJobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
})
after(() => deployment.close())

const rows = Array.from({ length: 200 }, (_, i) => `${i % 7},${i % 3},${(i % 7) * 2 + (i % 3)}`)
const csv = (first: number) => ['a,b,target', ...rows, `${first},0,0`].join('\n')

const request = (dataset: string, rounds = 20): BoostingJobRequest => ({
  name: dataset,
  model: { kind: 'boosting', rounds },
  dataset,
  training: { checkpointEvery: 5, keepCheckpoints: 4 },
})

async function call(method: string, path: string, body?: object) {
  const answer = await fetch(deployment.url + path, {
    method,
    headers: {
      authorization: `Bearer ${deployment.key}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, text }
}

async function assertDamaged(method: string, path: string, file: string, body?: object) {
  const { status, text } = await call(method, path, body)
  assert.equal(status, 409, `${path}: ${text.slice(0, 200)}`)
  const { code, detail } = JSON.parse(text)
  assert.equal(code, 'DAMAGED')
  assert.ok(detail.startsWith(`${file} `), detail)
}

/** Changes one byte in the middle of a file. */
async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 4
  await writeFile(path, bytes)
}

test('a job on a damaged table fails with the file and the cure, and succeeds after an upload and a retry', async () => {
  const { id, shards } = await uploadTable(deployment, 'shards', csv(1))
  const shard = shards[0]!.name
  await flip(join(deployment.folder, 'datasets', id, shard))
  const job = await deployment.train(request('shards'))
  assert.equal(job.failure?.code, 'dataset_damaged')
  assert.ok(job.failure.message.startsWith(`datasets/${id}/${shard} `), job.failure.message)
  assert.match(job.failure.message, /upload the same files again.*retry the job/)

  await uploadTable(deployment, 'shards', csv(1))
  const retried = await deployment.waitForEnd(await deployment.client.jobs.act(job.id, 'retry'))
  assert.equal(retried.status, 'succeeded', retried.failure?.message)
})

test('damaged checkpoints and models are neither sent nor used', async () => {
  await uploadTable(deployment, 'trees', csv(2))
  const job = await deployment.train(request('trees'))
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const checkpoints: { items: Checkpoint[] } = JSON.parse(
    (await call('GET', `/jobs/${job.id}/checkpoints`)).text,
  )
  const [first, second] = checkpoints.items.map(({ step }) => step)
  const stateOf = (step: number) => `jobs/${job.id}/checkpoints/${step}/booster.ubj`
  const archive = (step: number) => `/jobs/${job.id}/checkpoints/${step}/archive`
  await truncate(join(deployment.folder, stateOf(first!)), 100)
  await assertDamaged('GET', archive(first!), stateOf(first!))
  assert.equal((await call('GET', archive(second!))).status, 200)

  const instances = { instances: [[1, 2]] }
  const { id, version } = job.result!.model
  assert.equal((await call('POST', `/models/${id}/predict`, instances)).status, 200)
  const file = `models/${id}/${version}/model.ubj`
  await flip(join(deployment.folder, file))
  for (const route of ['archive', 'export']) {
    await assertDamaged('GET', `/models/${id}/${route}`, file)
  }
  await assertDamaged('POST', `/models/${id}/predict`, file, instances)
  assert.equal((await call('DELETE', `/models/${id}?version=${version}`)).status, 200)
  assert.equal((await call('GET', `/models/${id}`)).status, 404)
})

test('an attempt resumes from the newest intact checkpoint, and the log of the job says so', async () => {
  await uploadTable(deployment, 'resumed', csv(3))
  const { client, folder } = deployment
  const { id } = await client.jobs.submit({
    ...request('resumed', 20_000),
    training: { checkpointEvery: 50, keepCheckpoints: 4 },
  })
  await eventually('three checkpoints', async () => {
    const { text } = await call('GET', `/jobs/${id}/checkpoints`)
    return JSON.parse(text).items.length >= 3
  })
  await client.jobs.act(id, 'pause')
  await eventually('a paused job', async () => (await client.jobs.get(id)).status === 'paused')
  const { items } = JSON.parse((await call('GET', `/jobs/${id}/checkpoints`)).text)
  const [before, newest] = items.slice(-2).map(({ step }: Checkpoint) => step)
  await flip(join(folder, `jobs/${id}/checkpoints/${newest}/booster.ubj`))
  await client.jobs.act(id, 'resume')
  const lines = await eventually('the second attempt', async () => {
    const all = (await client.jobs.logs(id, { limit: '1000' })).items.map(({ line }) => line)
    return all.some(line => line === `attempt 2 resumes from step ${before}`) && all
  })
  const reason = `the checkpoint of step ${newest} is not used: jobs/${id}/checkpoints/${newest}/booster.ubj does not match its checksum`
  assert.ok(lines.includes(reason), lines.join('\n'))
  await client.jobs.act(id, 'cancel')
  await eventually(
    'a cancelled job',
    async () => (await client.jobs.get(id)).status === 'cancelled',
  )
})

test('a damaged job that runs can be deleted: its worker stops, and leaves nothing behind', async () => {
  await uploadTable(deployment, 'deleted', csv(4))
  const { id } = await deployment.client.jobs.submit(request('deleted', 100_000))
  await eventually('a running job', async () => {
    const { status, progress } = await deployment.client.jobs.get(id)
    return status === 'running' && progress.step > 0
  })
  await truncate(join(deployment.folder, 'jobs', id, 'manifest.json'), 50)
  await assertDamaged('GET', `/jobs/${id}`, `jobs/${id}/manifest.json`)
  assert.equal((await call('DELETE', `/jobs/${id}`)).status, 204)
  // the next job gets the slot
  const next = await deployment.train(request('deleted', 5))
  assert.equal(next.status, 'succeeded', next.failure?.message)
  assert.ok(!(await readdir(join(deployment.folder, 'jobs'))).includes(id))
  const { items, damaged } = JSON.parse((await call('GET', '/jobs?limit=1000')).text)
  assert.ok(!items.some((job: { id: string }) => job.id === id))
  assert.deepEqual(damaged, [])
})
