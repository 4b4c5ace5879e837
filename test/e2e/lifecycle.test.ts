import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readStat } from '../../src/processes.js'
import type { Job, NetworkJobRequest } from '../../src/spec/job.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(1280))
})
after(() => deployment.close())

const request = (
  training: NetworkJobRequest['training'],
  more: Partial<NetworkJobRequest> = {},
): NetworkJobRequest => ({
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, shuffleBuffer: 500, ...training },
  ...more,
})

/** Follows a job until `condition` holds for it. */
async function waitForJob(id: string, condition: (job: Job) => boolean): Promise<Job> {
  for await (const { event } of deployment.follow(id)) {
    if (event !== 'job') continue
    const job = await deployment.client.jobs.get(id)
    if (condition(job)) return job
  }
  throw new Error(`job ${id} has ended`)
}

/** Runs `action` once, when the job reaches a training step. */
async function atStep(id: string, step: number, action: () => Promise<unknown>): Promise<void> {
  for await (const { event, data } of deployment.follow(id)) {
    if (event === 'metrics' && data.step >= step) {
      await action()
      return
    }
  }
  throw new Error(`job ${id} has ended before step ${step}`)
}

test('a paused job frees its slot; resumed, it ends with the weights of an undisturbed job', async () => {
  const training = { steps: 400, checkpointEvery: 1000, input: 'streaming' as const }
  const undisturbed = await deployment.train(request(training))
  const job = await deployment.client.jobs.submit(request(training))
  let trainer = 0
  await atStep(job.id, 100, async () => {
    trainer = await deployment.activeTrainer()
    await deployment.client.jobs.act(job.id, 'pause')
  })
  const paused = await waitForJob(job.id, ({ status }) => status === 'paused')
  assert.equal(paused.phase, null)
  assert.equal(paused.requested, null)
  assert.equal(readStat(trainer), null, 'its trainer still runs')
  // the slot is free: another job runs
  const other = await deployment.train(request({ steps: 5 }))
  assert.equal(other.status, 'succeeded')
  assert.equal((await deployment.client.jobs.get(job.id)).status, 'paused')

  await deployment.client.jobs.act(job.id, 'resume')
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.equal(ended.attempt, 2)
  assert.deepEqual(
    ended.transitions.map(({ status }) => status),
    ['queued', 'running', 'paused', 'queued', 'running', 'succeeded'],
  )
  assert.ok(
    (await deployment.weights(ended)).equals(await deployment.weights(undisturbed)),
    'the weights differ',
  )
})

test('a cancelled job that is retried continues from its last checkpoint, to the same weights', async () => {
  const training = { steps: 300, checkpointEvery: 1000 }
  const undisturbed = await deployment.train(request(training))
  const job = await deployment.client.jobs.submit(request(training))
  let trainer = 0
  await atStep(job.id, 80, async () => {
    trainer = await deployment.activeTrainer()
    await deployment.client.jobs.act(job.id, 'cancel')
  })
  assert.equal((await deployment.waitForEnd(job)).status, 'cancelled')
  assert.equal(readStat(trainer), null, 'its trainer still runs')
  await deployment.client.jobs.act(job.id, 'retry')
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.ok(
    (await deployment.weights(ended)).equals(await deployment.weights(undisturbed)),
    'the weights differ',
  )
})

for (const input of ['in-memory', 'streaming'] as const) {
  test(`the checkpoint interval does not change the weights (${input} input)`, async () => {
    const intervals = [{ checkpointEvery: 1000 }, { checkpointEvery: 7 }, { checkpointSeconds: 1 }]
    const weights: Buffer[] = []
    for (const interval of intervals) {
      const ended = await deployment.train(request({ steps: 150, input, ema: {}, ...interval }))
      assert.equal(ended.status, 'succeeded', ended.failure?.message)
      weights.push(await deployment.weights(ended))
    }
    const equal = weights.map(each => each.equals(weights[0]!))
    assert.deepEqual(equal, [true, true, true], JSON.stringify(intervals))
  })
}

test('queued jobs start by priority, and a paused one does not start', async () => {
  const first = await deployment.client.jobs.submit(request({ steps: 1_000_000 }))
  await waitForJob(first.id, ({ status }) => status === 'running')
  const [low, high, held] = await Promise.all([
    deployment.client.jobs.submit(request({ steps: 2 }, { name: 'low', priority: -5 })),
    deployment.client.jobs.submit(request({ steps: 2 }, { name: 'high', priority: 5 })),
    deployment.client.jobs.submit(request({ steps: 2 }, { name: 'held', priority: 50 })),
  ])
  assert.equal((await deployment.client.jobs.act(held.id, 'pause')).status, 'paused')
  assert.equal((await deployment.client.jobs.get(high.id)).queue?.position, 1)
  assert.equal((await deployment.client.jobs.get(low.id)).queue?.position, 2)
  await deployment.client.jobs.act(first.id, 'cancel')
  const ends = await Promise.all([deployment.waitForEnd(low), deployment.waitForEnd(high)])
  assert.ok(
    ends[1]!.startedAt! < ends[0]!.startedAt!,
    'the job with the lower priority started first',
  )
  assert.equal((await deployment.client.jobs.act(held.id, 'cancel')).status, 'cancelled')
})
