import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { glance } from '../../src/processes.js'
import type { Job, NetworkJobRequest } from '../../src/spec/job.js'
import { someDigits, Yard } from '../../testing/test-deployment.js'

let yard: Yard
before(async () => {
  yard = await Yard.open()
  await yard.client.uploadDataset('digits', await someDigits(1280))
})
after(() => yard.close())

const request = (
  training: NetworkJobRequest['training'],
  more: Partial<NetworkJobRequest> = {},
): NetworkJobRequest => ({
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, shuffleBuffer: 500, ...training },
  ...more,
})

/** Follows a job until it looks as wanted. */
async function until(id: string, is: (job: Job) => boolean): Promise<Job> {
  for await (const { event } of yard.client.follow(id)) {
    if (event !== 'job') continue
    const job = await yard.client.job(id)
    if (is(job)) return job
  }
  throw new Error(`job ${id} has ended`)
}

/** Does something at a training step, once. */
async function at(id: string, step: number, what: () => Promise<unknown>): Promise<void> {
  for await (const { event, data } of yard.client.follow(id)) {
    if (event === 'metrics' && data.step >= step) {
      await what()
      return
    }
  }
  throw new Error(`job ${id} has ended before step ${step}`)
}

test('a paused job frees its slot, and ends resumed in the bytes of an undisturbed one', async () => {
  const training = { steps: 400, snapshotEvery: 1000, input: 'streamed' as const }
  const calm = await yard.train(request(training))
  const job = await yard.client.submit(request(training))
  let trainer = 0
  await at(job.id, 100, async () => {
    trainer = await yard.trainer()
    await yard.client.act(job.id, 'pause')
  })
  const paused = await until(job.id, ({ status }) => status === 'paused')
  assert.equal(paused.phase, null)
  assert.equal(paused.requested, null)
  assert.equal(glance(trainer), null, 'its trainer still runs')
  // the slot is free: another job gets it and ends
  const other = await yard.train(request({ steps: 5 }))
  assert.equal(other.status, 'succeeded')
  assert.equal((await yard.client.job(job.id)).status, 'paused')

  await yard.client.act(job.id, 'resume')
  const ended = await yard.finish(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.equal(ended.attempt, 2)
  assert.deepEqual(
    ended.transitions.map(({ status }) => status),
    ['queued', 'running', 'paused', 'queued', 'running', 'succeeded'],
  )
  assert.ok((await yard.weights(ended)).equals(await yard.weights(calm)), 'the weights differ')
})

test('a cancelled job is retried from its last checkpoint, to the same bytes', async () => {
  const training = { steps: 300, snapshotEvery: 1000 }
  const calm = await yard.train(request(training))
  const job = await yard.client.submit(request(training))
  let trainer = 0
  await at(job.id, 80, async () => {
    trainer = await yard.trainer()
    await yard.client.act(job.id, 'cancel')
  })
  assert.equal((await yard.finish(job)).status, 'cancelled')
  assert.equal(glance(trainer), null, 'its trainer still runs')
  await yard.client.act(job.id, 'retry')
  const ended = await yard.finish(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.ok((await yard.weights(ended)).equals(await yard.weights(calm)), 'the weights differ')
})

for (const input of ['resident', 'streamed'] as const) {
  test(`how often checkpoints are written changes nothing of what is trained: ${input}`, async () => {
    const cadences = [{ snapshotEvery: 1000 }, { snapshotEvery: 7 }, { snapshotSeconds: 1 }]
    const weights: Buffer[] = []
    for (const cadence of cadences) {
      const ended = await yard.train(request({ steps: 150, input, ema: {}, ...cadence }))
      assert.equal(ended.status, 'succeeded', ended.failure?.message)
      weights.push(await yard.weights(ended))
    }
    const equal = weights.map(each => each.equals(weights[0]!))
    assert.deepEqual(equal, [true, true, true], JSON.stringify(cadences))
  })
}

test('jobs that wait go by priority, a paused one not at all', async () => {
  const first = await yard.client.submit(request({ steps: 1_000_000 }))
  await until(first.id, ({ status }) => status === 'running')
  const [low, high, aside] = await Promise.all([
    yard.client.submit(request({ steps: 2 }, { name: 'low', priority: -5 })),
    yard.client.submit(request({ steps: 2 }, { name: 'high', priority: 5 })),
    yard.client.submit(request({ steps: 2 }, { name: 'aside', priority: 50 })),
  ])
  assert.equal((await yard.client.act(aside.id, 'pause')).status, 'paused')
  assert.equal((await yard.client.job(high.id)).queue?.position, 1)
  assert.equal((await yard.client.job(low.id)).queue?.position, 2)
  await yard.client.act(first.id, 'cancel')
  const ends = await Promise.all([yard.finish(low), yard.finish(high)])
  assert.ok(ends[1]!.startedAt! < ends[0]!.startedAt!, 'high went first')
  assert.equal((await yard.client.act(aside.id, 'cancel')).status, 'cancelled')
})
