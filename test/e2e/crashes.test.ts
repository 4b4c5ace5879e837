import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { Job, NetworkJobRequest } from '../../src/spec/job.js'
import { someDigits, Yard } from '../../testing/test-deployment.js'

let yard: Yard
before(async () => {
  yard = await Yard.open()
  await yard.client.uploadDataset('digits', await someDigits(1280))
})
after(() => yard.close())

const request = (name: string, training: NetworkJobRequest['training']): NetworkJobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, shuffleBuffer: 500, ...training },
})

async function killTrainer() {
  process.kill(await yard.trainer(), 'SIGKILL')
}

/** Steps of the points of one metric, as the history has them. */
async function stepsOf(jobId: string, name: string): Promise<number[]> {
  const { points } = await yard.client.metrics(jobId, { names: name, limit: '10000' })
  return points[name]!.map(({ step }) => step)
}

test('a job of 1,000 steps whose trainer is killed twice ends as if nothing had happened', async () => {
  const training = { steps: 1000, snapshotEvery: 200 }
  const calm = await yard.train(request('calm', training))
  assert.equal(calm.status, 'succeeded')

  const kills = [317, 733]
  const followed: number[] = []
  const killed = await yard.train(request('killed', training), async step => {
    followed.push(step)
    if (kills[0] !== undefined && step >= kills[0]) {
      kills.shift()
      await killTrainer()
    }
  })
  assert.equal(killed.status, 'succeeded', killed.failure?.message)
  assert.equal(killed.attempt, 3)
  assert.deepEqual(kills, [])

  const every = Array.from({ length: 1000 }, (_, i) => i + 1)
  assert.deepEqual(await stepsOf(killed.id, 'loss'), every)
  assert.deepEqual(
    followed.filter((step, i) => step !== followed[i - 1]),
    every,
    'who followed live saw each step once, in order',
  )
  const series = async (id: string) => {
    const { points } = await yard.client.metrics(id, { limit: '10000' })
    return ['loss', 'accuracy', 'validationLoss', 'validationAccuracy'].map(name =>
      points[name]!.map(({ step, value }) => [step, value]),
    )
  }
  assert.deepEqual(await series(killed.id), await series(calm.id))
  const { items } = await yard.client.logs(killed.id)
  const told = items.filter(({ line }) => /^attempt |SIGKILL|^finished/.test(line))
  assert.deepEqual(
    told.map(({ attempt, line }) => [attempt, line.replace(/from step \d+/, 'from a checkpoint')]),
    [
      [1, 'attempt 1 starts afresh'],
      [1, 'the trainer was ended by SIGKILL'],
      [2, 'attempt 2 goes on from a checkpoint'],
      [2, 'the trainer was ended by SIGKILL'],
      [3, 'attempt 3 goes on from a checkpoint'],
      [3, 'finished at step 1000: model killed, version 1'],
    ],
  )
  assert.ok((await yard.weights(killed)).equals(await yard.weights(calm)), 'the weights differ')
})

test('a job on streamed data goes back to the queue when the server stops, and on from there at the next start', async () => {
  const training = { steps: 300, snapshotEvery: 1000, input: 'streamed' as const }
  const calm = await yard.train(request('calm', training))
  const job = await yard.client.submit(request('stopped', training))
  let stopping: Promise<void> | null = null
  try {
    await yard.finish(job, step => {
      if (step >= 120) stopping ??= yard.stop()
    })
  } catch {
    // the follower's connection ends with the server
  }
  await stopping
  await yard.start()
  const ended = await yard.finish(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.equal(ended.attempt, 2)
  assert.deepEqual(
    ended.transitions.map(({ status }) => status),
    ['queued', 'running', 'queued', 'running', 'succeeded'],
  )
  assert.ok((await yard.weights(ended)).equals(await yard.weights(calm)), 'the weights differ')
})

test('a job that ends early ends at the same step, with the same best, if its trainer is killed', async () => {
  const training: NetworkJobRequest['training'] = {
    steps: 1000,
    accumulateSteps: 2,
    optimizer: { kind: 'sgd' },
    learningRate: { schedule: 'oneCycle' },
    ema: {},
    augment: { padCrop: 2, mixup: 0.2 },
    snapshotEvery: 40,
    keepCheckpoints: 1,
    validateEvery: 25,
    // after the first evaluation none is better by that much
    earlyStopping: { minDelta: 1, patience: 5 },
  }
  const calm = await yard.train(request('calm', training))
  assert.equal(calm.status, 'succeeded', calm.failure?.message)
  assert.deepEqual([calm.progress.step, calm.result!.stoppedEarly], [150, true])

  let killed = false
  const ended = await yard.train(request('killed', training), async step => {
    if (step < 110 || killed) return
    killed = true
    await killTrainer()
  })
  assert.equal(ended.attempt, 2)
  assert.equal(ended.progress.step, 150)
  assert.ok((await yard.weights(ended)).equals(await yard.weights(calm)), 'the weights differ')

  const marks = async ({ id }: Job) => {
    const answer = await fetch(`${yard.url}/jobs/${id}/checkpoints`, {
      headers: { authorization: `Bearer ${yard.key}` },
    })
    const { items } = (await answer.json()) as { items: Checkpoint[] }
    return items.map(({ step, best, latest }) => ({ step, best, latest }))
  }
  const kept = await marks(calm)
  assert.deepEqual(await marks(ended), kept)
  const { points } = await yard.client.metrics(calm.id, { names: 'validationAccuracy' })
  const best = kept.find(one => one.best)!.step
  const values = points.validationAccuracy!
  assert.equal(
    values.find(({ step }) => step === best)!.value,
    Math.max(...values.map(({ value }) => Number(value))),
  )
  assert.equal(kept.at(-1)!.step, 150)
})
