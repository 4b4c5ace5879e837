import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { JobIndex } from '../../../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../../../src/jobs/queue/live-state.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import type { Checkpoint } from '../../../src/spec/checkpoint.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../../src/spec/ipc-messages.js'
import type { Job, JobStatus, Transition } from '../../../src/spec/job.js'
import type { MetricRow } from '../../../src/spec/metrics.js'
import { startAttempt } from '../../../testing/running-job.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { AttemptRecorder } from '../../../workers/attempts/attempt-recorder.js'
import { AttemptRunner } from '../../../workers/supervision/attempt.js'
import { JobRunner } from '../../../workers/supervision/job-runner.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'
import { countOomKills } from '../../../workers/supervision/oom-kills.js'
import type {
  TrainerExit,
  TrainerListener,
  TrainerProcess,
} from '../../../workers/supervision/trainer-process.js'

// Everything is real but the training: scripts write and report what a trainer would.

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

interface Attempt {
  recorder: AttemptRecorder<string>
  resumedFrom: number
  send(message: FromTrainer): Promise<void>
  /** Sends a client's request, and waits until the worker passes it on. */
  request(action: 'pause' | 'cancel'): Promise<void>
}

/** What a trainer does; it crashes if the script returns 'crash'. */
type Script = (attempt: Attempt) => Promise<'crash' | 'end'>

const row = (step: number, loss = 1 / step): MetricRow => ({
  step,
  time: new Date().toISOString(),
  values: { loss },
})

async function trainTo({ recorder, resumedFrom }: Attempt, step: number): Promise<void> {
  await recorder.phase('training', resumedFrom)
  for (let next = resumedFrom + 1; next <= step; next++) await recorder.row(row(next))
}

const succeed: Script = async attempt => {
  await trainTo(attempt, 4)
  await attempt.recorder.checkpoint(4, 'four', false)
  const model = { id: 'shades', version: 1 }
  await attempt.send({ type: 'finished', model, metrics: { loss: 0.25 }, step: 4 })
  return 'end'
}

const crash =
  (step: number, checkpoint: number | null = null): Script =>
  async attempt => {
    await trainTo(attempt, step)
    if (checkpoint) await attempt.recorder.checkpoint(checkpoint, 'before the crash', false)
    return 'crash'
  }

const diverge: Script = async attempt => {
  await trainTo(attempt, 2)
  await attempt.recorder.row(row(3, Number.NaN))
  await attempt.send({ type: 'failed', code: 'nan_loss', message: 'the loss became NaN at step 3' })
  return 'end'
}

const stopBy =
  (action: 'pause' | 'cancel'): Script =>
  async attempt => {
    await trainTo(attempt, 2)
    await attempt.request(action)
    // the step of the request is done, but has no row
    await attempt.recorder.checkpoint(3, 'on request', false)
    await attempt.recorder.stopped()
    return 'end'
  }

const exitOf = (exit: Partial<TrainerExit>): TrainerExit => ({
  code: null,
  signal: null,
  outputTail: [],
  error: null,
  killReason: null,
  ...exit,
})

/** A trainer process that runs a script instead. */
class ScriptedTrainer {
  readonly exit: Promise<TrainerExit>
  private end!: (exit: TrainerExit) => void
  private onStop: (reason: StopReason) => void = () => {}
  private readonly stopRequested = new Promise<StopReason>(resolve => {
    this.onStop = resolve
  })

  constructor(
    private readonly listener: TrainerListener,
    private readonly script: Script,
    private readonly requestAction: (action: 'pause' | 'cancel') => Promise<void>,
  ) {
    this.exit = new Promise(resolve => {
      this.end = resolve
    })
  }

  start(task: TrainerTask): void {
    void this.run(task).then(
      how => this.end(exitOf({ code: how === 'crash' ? 1 : 0, outputTail: [how] })),
      (error: Error) => this.end(exitOf({ code: 1, outputTail: [String(error.stack)] })),
    )
  }

  stop(reason: StopReason): void {
    this.onStop(reason)
  }

  kill(): void {
    this.end(exitOf({ signal: 'SIGKILL' }))
  }

  private async run(task: TrainerTask): Promise<'crash' | 'end'> {
    const send = async (message: FromTrainer) => this.listener.onMessage(message)
    const recorder = await AttemptRecorder.open<string>(
      { store: server.store, task, send, stopRequested: async () => null },
      {
        format: 'tensorflow',
        write: (folder, step, content) => writeFile(join(folder, `model.ckpt-${step}`), content),
      },
    )
    const request = async (action: 'pause' | 'cancel') => {
      await this.requestAction(action)
      await this.stopRequested
    }
    return this.script({ recorder, resumedFrom: task.resumeFrom ?? 0, send, request })
  }
}

const diskProblem = async () => null

/** Part of a job's life. */
type Chapter = (id: string) => Promise<void>

/** A worker runs the job until it ends or is paused, one script for each attempt. */
const run =
  (...scripts: Script[]): Chapter =>
  async id => {
    const { store, deps } = server
    const records = new JobRecords(store)
    const jobLog = new JobLog(store)
    const statePublisher = new LiveStatePublisher(redis, server.redis.prefix)
    const remaining = [...scripts]
    const runner: JobRunner = new JobRunner(
      {
        records,
        jobLog,
        metricsLog: new MetricsLog(store),
        checkpoints: new Checkpoints(store),
        index: new JobIndex(redis, server.redis.prefix),
        statePublisher,
        findDataset: dataset => deps.datasets.get(dataset),
        sweep: async () => {},
        memory: new MemoryBudget(Number.POSITIVE_INFINITY),
        diskProblem,
        startAttempt(task, attemptRecord) {
          const script = remaining.shift()
          assert.ok(script, `attempt ${task.attempt} starts, but ${scripts.length} should`)
          const requestAction = async (action: 'pause' | 'cancel') => {
            await act(action)(id)
            await runner.pollRequests()
          }
          const open = (listener: TrainerListener) =>
            new ScriptedTrainer(listener, script, requestAction) as unknown as TrainerProcess
          return new AttemptRunner(
            {
              records,
              jobLog,
              statePublisher,
              slot: { open },
              diskProblem,
              countOomKills,
              reserveMemory: () => null,
              hidePaths: text => text,
              log: server.deps.log,
            },
            task,
            attemptRecord,
          )
        },
      },
      id,
    )
    assert.equal(await runner.run(), 'done')
    assert.deepEqual(remaining, [], 'not every attempt has started')
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
  transitions: [JobStatus, attempt: number][]
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['succeeded', 1],
      ],
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['queued', 1],
        ['running', 2],
        ['succeeded', 2],
      ],
      step: 4,
      loss: 0.25,
      resumedFrom: 2,
    },
  ],
  [
    'diverges',
    [run(diverge)],
    {
      status: 'failed',
      attempts: [1],
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['failed', 1],
      ],
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['failed', 1],
        ['queued', 1],
        ['cancelled', 1],
      ],
      step: 3,
      loss: 'NaN',
      resumedFrom: 0,
    },
  ],
  [
    'is paused',
    [run(stopBy('pause'))],
    {
      status: 'paused',
      attempts: [1],
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['paused', 1],
      ],
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['paused', 1],
        ['queued', 1],
        ['running', 2],
        ['cancelled', 2],
      ],
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
      transitions: [
        ['queued', 0],
        ['cancelled', 0],
      ],
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['cancelled', 1],
      ],
      step: 3,
      loss: 0.5,
      resumedFrom: 0,
    },
  ],
  [
    'crashes three times',
    [run(crash(1), crash(1), crash(1))],
    {
      status: 'failed',
      attempts: [1, 2, 3],
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['queued', 1],
        ['running', 2],
        ['queued', 2],
        ['running', 3],
        ['queued', 3],
        ['failed', 3],
      ],
      step: 1,
      loss: 1,
      resumedFrom: 0,
    },
  ],
  [
    'lost its worker',
    [dieWithWorker(3)],
    {
      status: 'running',
      attempts: [1],
      transitions: [
        ['queued', 0],
        ['running', 1],
      ],
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
      transitions: [
        ['queued', 0],
        ['running', 1],
        ['running', 2],
        ['queued', 2],
        ['running', 3],
        ['succeeded', 3],
      ],
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
    transitions.map(({ status, attempt }) => [status, attempt])

  const failure = JSON.stringify(job.failure)
  assert.deepEqual([job.status, job.attempt], [expected.status, latest], failure)
  assert.deepEqual(brief(job.transitions), expected.transitions)
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

  const list = (await server.api.get('/jobs?name=shades')).body.items as Job[]
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
