import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { startAttempt } from '../../../testing/running-job.js'
import { scrape } from '../../../testing/scrape.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { crash, diverge, runScripts, type Script, stopBy, succeed } from './scripted-worker.js'

let server: TestServer
let redis: Redis
before(async () => {
  server = await startServer()
  redis = connect(server.redis, blockingOptions, () => {})
  await uploadDataset(server)
})
after(async () => {
  redis.disconnect()
  await server.close()
})

async function submit(): Promise<string> {
  const { status, body } = await server.api.post('/jobs').send(smallJob)
  assert.equal(status, 202)
  return body.id
}

const run = (id: string, ...scripts: Script[]) =>
  runScripts(
    { server, redis, findDataset: dataset => server.deps.datasets.get(dataset) },
    id,
    scripts,
  )

const cancel = (id: string) => server.api.post(`/jobs/${id}/cancel`)

test('ends of jobs and attempts are counted by outcome and code, and waiting and running times observed', async () => {
  await run(await submit(), crash(2, 2), succeed)
  await run(await submit(), diverge)
  await run(await submit(), stopBy('cancel'))
  const paused = await submit()
  await run(paused, stopBy('pause'))
  await cancel(paused)
  const waiting = await submit()
  await cancel(waiting)
  // again: a job ends once
  await cancel(waiting)
  // its worker died, and nobody recorded the end
  const orphaned = await submit()
  await startAttempt(server.store, orphaned)
  await run(orphaned, succeed)

  const samples = await scrape(server)
  const positive = (name: string) =>
    Object.fromEntries(
      [...samples].filter(([key, value]) => key.startsWith(`trainyard_${name}{`) && value > 0),
    )
  const attempts = (outcome: string, code: string) =>
    `trainyard_attempts_total{outcome="${outcome}",code="${code}"}`
  assert.deepEqual(positive('attempts_total'), {
    [attempts('succeeded', 'none')]: 2,
    [attempts('crashed', 'crashed')]: 1,
    [attempts('failed', 'nan_loss')]: 1,
    [attempts('stopped', 'none')]: 2,
    [attempts('lost', 'none')]: 1,
  })
  const ended = (status: string, code: string) =>
    `trainyard_jobs_ended_total{status="${status}",code="${code}"}`
  assert.deepEqual(positive('jobs_ended_total'), {
    [ended('succeeded', 'none')]: 2,
    [ended('failed', 'nan_loss')]: 1,
    [ended('cancelled', 'none')]: 3,
  })
  // a failure that has not happened yet is there with 0, so that its first time is an increase
  assert.equal(samples.get(ended('failed', 'out_of_memory')), 0)
  // from the queue: not the second attempts
  assert.equal(samples.get('trainyard_job_waiting_seconds_count'), 4)
  assert.equal(samples.get('trainyard_job_waiting_seconds_bucket{le="+Inf"}'), 4)
  const running = (status: string) =>
    samples.get(`trainyard_job_running_seconds_count{status="${status}"}`)
  assert.deepEqual(['succeeded', 'failed', 'cancelled'].map(running), [2, 1, 3])
  const below = (le: string) =>
    samples.get(`trainyard_job_running_seconds_bucket{le="${le}",status="cancelled"}`)!
  assert.ok(below('1') <= below('30') && below('30') <= below('+Inf'))
  assert.equal(below('+Inf'), 3)
})

test('after Redis was wiped, the counts begin again at 0', async () => {
  const name = 'trainyard_jobs_ended_total{status="failed",code="nan_loss"}'
  const before = (await scrape(server)).get(name)!
  await run(await submit(), diverge)
  assert.equal((await scrape(server)).get(name), before + 1)
  await redis.flushall()
  assert.equal((await scrape(server)).get(name), 0)
})
