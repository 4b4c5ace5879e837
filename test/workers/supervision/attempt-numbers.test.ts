import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import type { Checkpoint } from '../../../src/spec/checkpoint.js'
import type { Job, JobStatus, Transition } from '../../../src/spec/job.js'
import { eventually } from '../../../testing/eventually.js'
import { startAttempt } from '../../../testing/running-job.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import {
  crash,
  crashOn,
  diverge,
  publishAndCrash,
  row,
  runScripts,
  type Script,
  stopBy,
  succeed,
} from './scripted-worker.js'

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

/** Part of a job's life. */
type Chapter = (id: string) => Promise<void>

/** A worker runs the job until it ends or is paused, one script for each attempt. */
const run =
  (...scripts: Script[]): Chapter =>
  id =>
    runScripts(
      { server, redis, findDataset: dataset => server.deps.datasets.get(dataset) },
      id,
      scripts,
    )

const runWithoutDataset: Chapter = id => {
  const findDataset = (dataset: string) => server.deps.datasets.get(`${dataset.slice(0, -1)}x`)
  return runScripts({ server, redis, findDataset }, id, [])
}

const act =
  (action: 'pause' | 'resume' | 'cancel' | 'retry'): Chapter =>
  async id => {
    const { status, text } = await server.api.post(`/jobs/${id}/${action}`)
    assert.ok([200, 202].includes(status), text)
  }

/** An attempt trains to `step`, then its worker dies: nobody records the end. */
const dieWithWorker =
  (step: number): Chapter =>
  async id => {
    const attempt = await startAttempt(server.store, id, {
      progress: { step: 0, metrics: { validationLoss: 2 } },
    })
    const log = new MetricsLog(server.store)
    for (let next = 1; next <= step; next++) await log.append(id, attempt, row(next))
  }

interface Expected {
  status: JobStatus
  /** Attempts that started. */
  attempts: number[]
  /** The status and the attempt of each. */
  transitions: string
  step: number
  loss?: number | 'NaN'
  resumedFrom: number | null
}

const cases: [string, Chapter[], Expected][] = [
  [
    'succeeds with its first attempt',
    [run(succeed)],
    {
      status: 'succeeded',
      attempts: [1],
      transitions: 'queued 0, running 1, succeeded 1',
      step: 4,
      loss: 0.25,
      resumedFrom: 0,
    },
  ],
  [
    'crashes and resumes',
    [run(crash(3, 2), succeed)],
    {
      status: 'succeeded',
      attempts: [1, 2],
      transitions: 'queued 0, running 1, queued 1, running 2, succeeded 2',
      step: 4,
      loss: 0.25,
      resumedFrom: 2,
    },
  ],
  [
    'crashes three times without a checkpoint',
    [run(crash(1), crash(1), crash(2))],
    {
      status: 'failed',
      attempts: [1, 2, 3],
      transitions:
        'queued 0, running 1, queued 1, running 2, queued 2, running 3, queued 3, failed 3',
      step: 2,
      loss: 0.5,
      resumedFrom: 0,
    },
  ],
  [
    'diverges',
    [run(diverge)],
    {
      status: 'failed',
      attempts: [1],
      transitions: 'queued 0, running 1, failed 1',
      step: 3,
      loss: 'NaN',
      resumedFrom: 0,
    },
  ],
  [
    'diverges, is retried, and is cancelled while it waits',
    [run(diverge), act('retry'), act('cancel')],
    {
      status: 'cancelled',
      attempts: [1],
      transitions: 'queued 0, running 1, failed 1, queued 1, cancelled 1',
      step: 3,
      loss: 'NaN',
      resumedFrom: 0,
    },
  ],
  [
    'is retried after it has used up its attempts',
    [run(crash(1), crash(1), crash(1)), act('retry'), run(succeed)],
    {
      status: 'succeeded',
      attempts: [1, 2, 3, 4],
      transitions:
        'queued 0, running 1, queued 1, running 2, queued 2, running 3, queued 3, failed 3, queued 3, running 4, succeeded 4',
      step: 4,
      loss: 0.25,
      resumedFrom: 0,
    },
  ],
  [
    'is paused',
    [run(stopBy('pause'))],
    {
      status: 'paused',
      attempts: [1],
      transitions: 'queued 0, running 1, paused 1',
      step: 3,
      loss: 0.5,
      resumedFrom: 0,
    },
  ],
  [
    'is paused, resumes, and is cancelled before its next row',
    [
      run(stopBy('pause')),
      act('resume'),
      run(async attempt => {
        await attempt.request('cancel')
        await attempt.recorder.stopped()
        return 'end'
      }),
    ],
    {
      status: 'cancelled',
      attempts: [1, 2],
      transitions: 'queued 0, running 1, paused 1, queued 1, running 2, cancelled 2',
      step: 3,
      loss: 0.5,
      resumedFrom: 3,
    },
  ],
  [
    'is cancelled before it starts',
    [act('cancel')],
    {
      status: 'cancelled',
      attempts: [],
      transitions: 'queued 0, cancelled 0',
      step: 0,
      resumedFrom: null,
    },
  ],
  [
    'is cancelled while it runs',
    [run(stopBy('cancel'))],
    {
      status: 'cancelled',
      attempts: [1],
      transitions: 'queued 0, running 1, cancelled 1',
      step: 3,
      loss: 0.5,
      resumedFrom: 0,
    },
  ],
  [
    'crashes after a pause was requested',
    [run(crashOn('pause'))],
    {
      status: 'paused',
      attempts: [1],
      transitions: 'queued 0, running 1, paused 1',
      step: 2,
      loss: 0.5,
      resumedFrom: 0,
    },
  ],
  [
    'crashes after it was cancelled, and is retried',
    [run(crashOn('cancel')), act('retry'), run(succeed)],
    {
      status: 'succeeded',
      attempts: [1, 2],
      transitions: 'queued 0, running 1, cancelled 1, queued 1, running 2, succeeded 2',
      step: 4,
      loss: 0.25,
      resumedFrom: 0,
    },
  ],
  [
    'was cancelled, and whose trainer dies after it has published the model',
    [run(publishAndCrash)],
    {
      status: 'succeeded',
      attempts: [1],
      transitions: 'queued 0, running 1, succeeded 1',
      step: 4,
      loss: 0.25,
      resumedFrom: 0,
    },
  ],
  [
    'has no data set any more',
    [runWithoutDataset],
    {
      status: 'failed',
      attempts: [1],
      transitions: 'queued 0, running 1, failed 1',
      step: 0,
      resumedFrom: 0,
    },
  ],
  [
    'lost its worker',
    [dieWithWorker(3)],
    {
      status: 'running',
      attempts: [1],
      transitions: 'queued 0, running 1',
      step: 3,
      loss: 1 / 3,
      resumedFrom: 0,
    },
  ],
  [
    'lost its worker and is trained by another one',
    [dieWithWorker(3), run(crash(2, 2), succeed)],
    {
      status: 'succeeded',
      attempts: [1, 2, 3],
      transitions: 'queued 0, running 1, running 2, queued 2, running 3, succeeded 3',
      step: 4,
      loss: 0.25,
      resumedFrom: 2,
    },
  ],
]

for (const [what, chapters, expected] of cases) {
  test(`the numbers of attempts and steps agree everywhere for a job that ${what}`, async () => {
    const submitted = await server.api.post('/jobs').send({ ...smallJob, name: 'shades' })
    const { id } = submitted.body as Job
    for (const chapter of chapters) await chapter(id)
    await assertAgree(id, expected)
  })
}

async function assertAgree(id: string, expected: Expected): Promise<void> {
  const { attempts } = expected
  const latest = attempts.at(-1) ?? 0
  const job = (await server.api.get(`/jobs/${id}`)).body as Job
  const brief = (transitions: readonly Transition[]) =>
    transitions.map(({ status, attempt }) => `${status} ${attempt}`).join(', ')

  const failure = JSON.stringify(job.failure)
  assert.deepEqual([job.status, job.attempt], [expected.status, latest], failure)
  assert.equal(brief(job.transitions), expected.transitions)
  const { step, steps, fraction, resumedFrom } = job.progress
  assert.deepEqual([step, resumedFrom], [expected.step, expected.resumedFrom])
  assert.equal(fraction, expected.status === 'succeeded' ? 1 : step / steps)
  assert.equal(job.metrics.loss, expected.loss)
  if (job.failure?.code === 'crashed')
    assert.match(job.failure.message, new RegExp(`^${latest} attempts .*; attempt ${latest} `))

  const records = new JobRecords(server.store)
  const stored = await records.attempts(id)
  assert.deepEqual(
    stored.map(({ attempt }) => attempt),
    attempts,
    'attempt records',
  )
  assert.equal((await records.read(id)).result?.attempt ?? latest, latest, "the result's attempt")
  assert.deepEqual(
    brief((await server.deps.jobs.feed.history(id))!.transitions),
    expected.transitions,
    'what webhooks are made of',
  )
  assert.deepEqual(await server.deps.jobs.feed.view(id), job, "the data of a webhook's message")

  // the index is being rebuilt after the flush of the test before
  const list = await eventually('the list of jobs', async () => {
    const { status, body } = await server.api.get('/jobs?name=shades')
    return status === 200 && (body.items as Job[])
  })
  assert.deepEqual(
    list.find(one => one.id === id),
    job,
    'the list',
  )
  const { items } = (await server.api.get(`/jobs/${id}/logs?limit=1000`)).body
  const logged = new Set((items as { attempt: number }[]).map(({ attempt }) => attempt))
  assert.ok(
    [...logged].every(attempt => attempts.includes(attempt)),
    `log lines of ${[...logged]}`,
  )
  const checkpoints = (await server.api.get(`/jobs/${id}/checkpoints`)).body.items as Checkpoint[]
  for (const checkpoint of checkpoints) assert.ok(attempts.includes(checkpoint.attempt))

  const stream = await openEventStream(server, `/jobs/${id}/events`)
  const event = await stream.nextEvent()
  assert.deepEqual(JSON.parse(event?.data ?? ''), job, 'the event stream')
  stream.response.destroy()

  await server.redis.flush()
  const { progress, metrics, attempt } = (await server.api.get(`/jobs/${id}`)).body as Job
  assert.deepEqual(
    { progress, metrics, attempt },
    { progress: job.progress, metrics: job.metrics, attempt: job.attempt },
    'after Redis lost everything',
  )
}
