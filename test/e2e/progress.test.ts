import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { Job, JobStatus, NetworkJobRequest } from '../../src/spec/job.js'
import type { Page } from '../../src/spec/paging.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { startRedis, type TestRedis } from '../../testing/redis.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let folder: string
let redis: TestRedis
let deployment: TestDeployment
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-progress-'))
  redis = await startRedis(folder)
  deployment = await TestDeployment.open({ REDIS_URL: redis.url })
  await deployment.client.datasets.push('digits', await mnistSample(640))
})
after(async () => {
  await deployment.close()
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})

const request = (training: NetworkJobRequest['training']): NetworkJobRequest => ({
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { batchSize: 16, logEvery: 10, checkpointEvery: 100_000, ...training },
})

async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${deployment.key}` }
  const answer = await fetch(`${deployment.url}${path}`, { headers })
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()) as T
}

/** What a view says about how far the job came. */
const reached = ({ status, progress, metrics }: Job) => ({ status, progress, metrics })

/** The latest value of each metric in the metrics log. */
async function latestLogged(id: string): Promise<Record<string, unknown>> {
  const { points } = await deployment.client.jobs.metrics(id, { limit: '10000' })
  return Object.fromEntries(
    Object.entries(points).map(([name, series]) => [name, series.at(-1)!.value]),
  )
}

/** Checks that the job has the same progress wherever it is shown, also after Redis lost everything. */
async function assertSameEverywhere(job: Job): Promise<void> {
  const expected = reached(job)
  const { progress, metrics } = expected
  assert.deepEqual(metrics, await latestLogged(job.id))
  assert.equal(progress.fraction, progress.step / progress.steps)
  assert.equal(progress.etaSeconds, null)
  const everywhere = async () => {
    assert.deepEqual(reached(await get<Job>(`/jobs/${job.id}`)), expected)
    const { items } = await get<Page<Job>>('/jobs')
    assert.deepEqual(items.filter(({ id }) => id === job.id).map(reached), [expected])
  }
  await everywhere()
  await redis.flush()
  await eventually('the index to be rebuilt', () =>
    deployment.client.jobs.list().then(
      () => true,
      () => false,
    ),
  )
  await everywhere()
}

async function stopAt(step: number, action: 'cancel' | 'pause', status: JobStatus): Promise<Job> {
  const job = await deployment.client.jobs.submit(request({ steps: 100_000, validateEvery: 35 }))
  for await (const { event, data } of deployment.follow(job.id)) {
    if (event !== 'metrics' || data.step < step) continue
    await deployment.client.jobs.act(job.id, action)
    break
  }
  return eventually(`the job to be ${status}`, async () => {
    const found = await deployment.client.jobs.get(job.id)
    return found.status === status && found
  })
}

async function checkpointsOf({ id }: Job): Promise<Checkpoint[]> {
  return (await get<{ items: Checkpoint[] }>(`/jobs/${id}/checkpoints`)).items
}

test('a job whose loss becomes NaN shows the step, its last metrics, and no best checkpoint with a NaN loss', async () => {
  const learningRate = { schedule: 'constant', peak: 100, warmupSteps: 0 } as const
  const ended = await deployment.train(
    request({
      steps: 500,
      validateEvery: 1,
      learningRate,
      optimizer: { kind: 'sgd', weightDecay: 1 },
    }),
  )
  assert.equal(ended.failure?.code, 'nan_loss')
  assert.ok(
    ended.failure.message.includes(`at step ${ended.progress.step},`),
    ended.failure.message,
  )
  assert.ok(['NaN', 'Infinity'].includes(String(ended.metrics.loss)), String(ended.metrics.loss))
  await assertSameEverywhere(ended)
  const { points } = await deployment.client.jobs.metrics(ended.id, { names: 'validationLoss' })
  const marked = (await checkpointsOf(ended)).filter(({ best }) => best).map(({ step }) => step)
  for (const { step, value } of points.validationLoss!) {
    if (marked.includes(step)) assert.ok(Number.isFinite(value), `step ${step} has loss ${value}`)
  }
})

for (const [action, status] of [
  ['cancel', 'cancelled'],
  ['pause', 'paused'],
] as const) {
  test(`a ${status} job shows the step of its last checkpoint, and its last metrics`, async () => {
    const job = await stopAt(80, action, status)
    const latest = (await checkpointsOf(job)).at(-1)!
    assert.equal(job.progress.step, latest.step)
    assert.ok('validationLoss' in job.metrics && 'loss' in job.metrics, 'a metric is missing')
    await assertSameEverywhere(job)
    // the next attempt begins at the same step, with the same metrics
    if (status === 'cancelled') await deployment.client.jobs.act(job.id, 'retry')
    else await deployment.client.jobs.act(job.id, 'resume')
    const first = await eventually('the next attempt to start', async () => {
      const found = await deployment.client.jobs.get(job.id)
      return found.attempt === 2 && found
    })
    assert.ok(first.progress.step >= latest.step, `goes back to step ${first.progress.step}`)
    assert.ok('validationLoss' in first.metrics, 'the metrics of the first attempt are gone')
    await deployment.client.jobs.act(job.id, 'cancel')
    const ended = await deployment.waitForEnd(first)
    assert.deepEqual([ended.status, ended.progress.resumedFrom], ['cancelled', latest.step])
    await assertSameEverywhere(ended)
  })
}

test('a job that stops early is at 100 %', async () => {
  const earlyStopping = { minDelta: 1, patience: 2 }
  const ended = await deployment.train(
    request({ steps: 1000, validateEvery: 20, earlyStopping, learningRate: 0.01 }),
  )
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.deepEqual(ended.progress, {
    step: 60,
    steps: 1000,
    fraction: 1,
    etaSeconds: null,
    resumedFrom: 0,
  })
  assert.equal(ended.result?.stoppedEarly, true)
})
