import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const MiB = 2 ** 20

let deployment: TestDeployment
before(async () => {
  // trees take 115 MiB and a network at least 450; an estimate may be a quarter too high
  deployment = await TestDeployment.open({ TRAINYARD_MEMORY: '200 MiB' })
  await deployment.client.datasets.push('digits', await mnistSample(1280))
  await uploadTable(deployment, 'diabetes')
})
after(() => deployment.close())

test('a job beyond the memory is held with its estimate, is not started again, and holds up nobody', async () => {
  const { client } = deployment
  const large = await client.jobs.submit({
    name: 'large',
    model: { kind: 'resnet' },
    dataset: 'digits',
    training: { steps: 10, batchSize: 1024 },
  })
  assert.equal(large.memory, null)
  const isHeld = async () => {
    const job = await client.jobs.get(large.id)
    return job.waitingFor !== null && job.status === 'queued' && job
  }
  const held = await eventually('the job to be held', isHeld, { timeoutMs: 120_000 })
  assert.ok(held.memory!.totalBytes > 5000 * MiB, `estimated ${held.memory!.totalBytes}`)
  const needs = (held.memory!.totalBytes / 2 ** 30).toFixed(1)
  assert.ok(held.waitingFor!.startsWith(`needs about ${needs} GiB of memory`), held.waitingFor!)
  assert.match(held.waitingFor!, /this worker has 0\.2 GiB: cancel it and submit it with a smaller/)
  assert.equal(held.attempt, 1)

  const trees = await client.jobs.submit({
    name: 'trees',
    model: { kind: 'boosting', rounds: 5 },
    dataset: 'diabetes',
  })
  assert.ok(trees.memory!.totalBytes > 100 * MiB)
  assert.equal((await deployment.waitForEnd(trees)).status, 'succeeded')

  const metrics = await fetch(`${deployment.url}/metrics`, {
    headers: { authorization: `Bearer ${deployment.key}` },
  })
  assert.match(await metrics.text(), /^trainyard_queue_held_jobs 1$/m)
  const later = await client.jobs.get(large.id)
  assert.deepEqual([later.status, later.attempt, later.waitingFor], ['queued', 1, held.waitingFor])
  await client.jobs.act(large.id, 'cancel')
  const cancelled = await eventually('the job to be cancelled', async () => {
    const job = await client.jobs.get(large.id)
    return job.status === 'cancelled' && job
  })
  assert.equal(cancelled.waitingFor, null)
  assert.deepEqual(cancelled.memory, held.memory)
})
