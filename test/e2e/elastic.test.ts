// The resources of a network's job are changed between its attempts, and its weights are those of a job of one trainer.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Job, NetworkJobRequest } from '../../src/spec/job.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { ownNetworkProblem } from '../../testing/own-network.js'
import { findRanks } from '../../testing/ranks.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const skip = ownNetworkProblem()
const [block] = blocksRunBy('test/e2e/elastic.test.ts', 'docs/scale.md')
const documented = JSON.parse(block!.code) as object

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SLOTS: '1', TRAINYARD_SPARE_TRAINERS: 'off' })
  await deployment.client.datasets.push('images', await mnistSample(640))
})
after(() => deployment.close())

const request = (name: string): NetworkJobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'images',
  training: { batchSize: 16, steps: 200, shards: 2, checkpointEvery: 20 },
})

/** Pauses the job when it has done a step, or later. */
async function pauseAt(id: string, step: number): Promise<Job> {
  const { jobs } = deployment.client
  const patience = { timeoutMs: 120_000 }
  const isThere = async () => (await jobs.get(id)).progress.step >= step
  await eventually(`step ${step} of ${id}`, isThere, patience)
  await jobs.pause(id)
  const paused = async () => {
    const job = await jobs.get(id)
    return job.status === 'paused' && job
  }
  return eventually('the job to pause', paused, patience)
}

test('a network goes on with two workers, two devices and one again, to the same bytes', {
  skip,
}, async () => {
  const { jobs } = deployment.client
  const one = await deployment.train(request('one'))
  assert.equal(one.status, 'succeeded', one.failure?.message)

  const job = await jobs.submit(request('changed'))
  const { id } = job
  const changes = [
    [20, documented, { workers: 2 }],
    [70, { resources: { workers: null, devices: 2 } }, { devices: 2 }],
    [120, { resources: null }, null],
  ] as const
  let world = 0
  for (const [step, patch, expected] of changes) {
    const paused = await pauseAt(id, step)
    assert.ok(paused.progress.step < 200, 'it ended before it was paused')
    const changed = await jobs.update(id, patch)
    assert.deepEqual([changed.status, changed.resources], ['paused', expected])
    await jobs.resume(id)
    if (expected && 'workers' in expected) {
      const ranks = async () => (await findRanks(deployment.folder)).length
      world = await eventually('two ranks', async () => (await ranks()) === 2 && 2)
    }
  }
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.deepEqual([ended.attempt, world], [4, 2])
  const weights = [await deployment.weights(one), await deployment.weights(ended)]
  assert.ok(weights[0]!.equals(weights[1]!), 'the weights differ')
  const { items } = await jobs.logs(id)
  assert.deepEqual(
    items.map(({ line }) => line).filter(line => line.startsWith('resources are ')),
    [
      'resources are {"workers":2}; attempt 1 had {}',
      'resources are {"devices":2}; attempt 2 had {"workers":2}',
      'resources are {}; attempt 3 had {"devices":2}',
    ],
  )
})
