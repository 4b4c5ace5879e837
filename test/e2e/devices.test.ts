import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NetworkJobRequest } from '../../src/spec/job.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SLOTS: '1', TRAINYARD_SPARE_TRAINERS: 'off' })
  await deployment.client.datasets.push('digits', await mnistSample(1280))
})
after(() => deployment.close())

const request = (name: string, devices: number): NetworkJobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, steps: 100, checkpointEvery: 20, shards: 2 },
  resources: { devices },
})

test('a job has the same weights on one and on two devices, also if its trainer is killed', async () => {
  const one = await deployment.train(request('one', 1))
  assert.equal(one.status, 'succeeded', one.failure?.message)
  let killed = false
  const two = await deployment.train(request('two', 2), async step => {
    if (step < 50 || killed) return
    killed = true
    process.kill(await deployment.activeTrainer(), 'SIGKILL')
  })
  assert.equal(two.status, 'succeeded', two.failure?.message)
  assert.equal(two.attempt, 2)
  const weights = [await deployment.weights(one), await deployment.weights(two)]
  assert.ok(weights[0]!.equals(weights[1]!), 'the weights differ')
  const { items } = await deployment.client.jobs.logs(two.id)
  // one core alone is one device
  const line = /2 micro-batches of a step are computed on (2 devices that share )?the processor/
  assert.ok(items.some(({ line: text }) => line.test(text)))
})
