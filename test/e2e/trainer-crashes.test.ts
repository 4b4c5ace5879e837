import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { Job, NetworkJobRequest } from '../../src/spec/job.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(1280))
})
after(() => deployment.close())

const request = (name: string, training: NetworkJobRequest['training']): NetworkJobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, shuffleBuffer: 500, ...training },
})

async function killTrainer() {
  process.kill(await deployment.activeTrainer(), 'SIGKILL')
}

/** The steps of a metric's points. */
async function stepsOf(jobId: string, name: string): Promise<number[]> {
  const { points } = await deployment.client.jobs.metrics(jobId, { names: name, limit: '10000' })
  return points[name]!.map(({ step }) => step)
}

test('a job whose trainer is killed twice ends with the metrics and weights of an undisturbed job', async () => {
  const training = { steps: 1000, checkpointEvery: 200 }
  const undisturbed = await deployment.train(request('undisturbed', training))
  assert.equal(undisturbed.status, 'succeeded')

  const kills = [317, 733]
  const streamedSteps: number[] = []
  const killed = await deployment.train(request('killed', training), async step => {
    streamedSteps.push(step)
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
    streamedSteps.filter((step, i) => step !== streamedSteps[i - 1]),
    every,
    'a live follower saw each step once, in order',
  )
  const series = async (id: string) => {
    const { points } = await deployment.client.jobs.metrics(id, { limit: '10000' })
    return ['loss', 'accuracy', 'validationLoss', 'validationAccuracy'].map(name =>
      points[name]!.map(({ step, value }) => [step, value]),
    )
  }
  assert.deepEqual(await series(killed.id), await series(undisturbed.id))
  const { items } = await deployment.client.jobs.logs(killed.id)
  const attemptLines = items.filter(({ line }) => /^attempt |SIGKILL|^finished/.test(line))
  assert.deepEqual(
    attemptLines.map(({ attempt, line }) => [
      attempt,
      line.replace(/from step \d+/, 'from a checkpoint'),
    ]),
    [
      [1, 'attempt 1 starts from the beginning'],
      [1, 'the trainer was ended by SIGKILL, which its worker did not send'],
      [2, 'attempt 2 resumes from a checkpoint'],
      [2, 'the trainer was ended by SIGKILL, which its worker did not send'],
      [3, 'attempt 3 resumes from a checkpoint'],
      [3, 'finished at step 1000: model killed, version 1'],
    ],
  )
  assert.ok(
    (await deployment.weights(killed)).equals(await deployment.weights(undisturbed)),
    'the weights differ',
  )
})

test('a job with streaming input returns to the queue when the server stops and resumes at the next start', async () => {
  const training = { steps: 300, checkpointEvery: 1000, input: 'streaming' as const }
  const undisturbed = await deployment.train(request('undisturbed', training))
  const job = await deployment.client.jobs.submit(request('stopped', training))
  let stopping: Promise<void> | null = null
  try {
    await deployment.waitForEnd(job, step => {
      if (step >= 120) stopping ??= deployment.stop()
    })
  } catch {
    // the follower's connection ends with the server
  }
  await stopping
  await deployment.start()
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.equal(ended.attempt, 2)
  assert.deepEqual(
    ended.transitions.map(({ status }) => status),
    ['queued', 'running', 'queued', 'running', 'succeeded'],
  )
  assert.ok(
    (await deployment.weights(ended)).equals(await deployment.weights(undisturbed)),
    'the weights differ',
  )
})

test('early stopping ends a job at the same step, with the same best one, if its trainer is killed', async () => {
  const training: NetworkJobRequest['training'] = {
    steps: 1000,
    accumulateSteps: 2,
    optimizer: { kind: 'sgd' },
    learningRate: { schedule: 'oneCycle' },
    ema: {},
    augment: { padCrop: 2, mixup: 0.2 },
    checkpointEvery: 40,
    keepCheckpoints: 1,
    validateEvery: 25,
    // no evaluation improves on the first one by that much
    earlyStopping: { minDelta: 1, patience: 5 },
  }
  const undisturbed = await deployment.train(request('undisturbed', training))
  assert.equal(undisturbed.status, 'succeeded', undisturbed.failure?.message)
  assert.deepEqual([undisturbed.progress.step, undisturbed.result!.stoppedEarly], [150, true])

  let killed = false
  const ended = await deployment.train(request('killed', training), async step => {
    if (step < 110 || killed) return
    killed = true
    await killTrainer()
  })
  assert.equal(ended.attempt, 2)
  assert.equal(ended.progress.step, 150)
  assert.ok(
    (await deployment.weights(ended)).equals(await deployment.weights(undisturbed)),
    'the weights differ',
  )

  const marks = async ({ id }: Job) => {
    const answer = await fetch(`${deployment.url}/jobs/${id}/checkpoints`, {
      headers: { authorization: `Bearer ${deployment.key}` },
    })
    const { items } = (await answer.json()) as { items: Checkpoint[] }
    return items.map(({ step, best, latest }) => ({ step, best, latest }))
  }
  const kept = await marks(undisturbed)
  assert.deepEqual(await marks(ended), kept)
  const { points } = await deployment.client.jobs.metrics(undisturbed.id, {
    names: 'validationAccuracy',
  })
  const best = kept.find(one => one.best)!.step
  const values = points.validationAccuracy!
  assert.equal(
    values.find(({ step }) => step === best)!.value,
    Math.max(...values.map(({ value }) => Number(value))),
  )
  assert.equal(kept.at(-1)!.step, 150)
})
