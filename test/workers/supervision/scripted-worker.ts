import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { JobIndex } from '../../../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../../../src/jobs/queue/live-state.js'
import { TrainingTotals } from '../../../src/jobs/queue/training-totals.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { ResourceLog } from '../../../src/jobs/telemetry/resource-log.js'
import type { DatasetManifest } from '../../../src/spec/dataset.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../../src/spec/ipc-messages.js'
import type { MetricRow } from '../../../src/spec/metrics.js'
import type { NewModel } from '../../../src/spec/model.js'
import type { Store } from '../../../src/store/store.js'
import type { TestServer } from '../../../testing/test-server.js'
import { AttemptRecorder } from '../../../workers/attempts/attempt-recorder.js'
import type { Gang } from '../../../workers/executors/executor.js'
import { findPublished } from '../../../workers/published-result.js'
import { AttemptRunner } from '../../../workers/supervision/attempt.js'
import { JobRunner } from '../../../workers/supervision/job-runner.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'
import { countOomKills } from '../../../workers/supervision/oom-kills.js'
import type {
  TrainerExit,
  TrainerListener,
  TrainerProcess,
} from '../../../workers/supervision/trainer-process.js'

// A worker of which everything is real but the training: scripts write and report what a trainer would.

export interface ScriptedWorker {
  server: TestServer
  redis: Redis
  findDataset(id: string): Promise<DatasetManifest>
}

export interface Attempt {
  recorder: AttemptRecorder<string>
  resumedFrom: number
  send(message: FromTrainer): Promise<void>
  /** Sends a client's request, and waits until the worker passes it on. */
  request(action: 'pause' | 'cancel'): Promise<void>
  /** The worker hears nothing more, as of a trainer that dies. */
  cutOff(): void
  task: TrainerTask
}

/** What a trainer does; it crashes if the script returns 'crash'. */
export type Script = (attempt: Attempt) => Promise<'crash' | 'end'>

export const row = (step: number, loss = 1 / step): MetricRow => ({
  step,
  time: new Date().toISOString(),
  values: { loss },
})

export async function trainTo({ recorder, resumedFrom }: Attempt, step: number): Promise<void> {
  await recorder.phase('training', resumedFrom)
  for (let next = resumedFrom + 1; next <= step; next++) await recorder.row(row(next))
}

export const succeed: Script = async attempt => {
  await trainTo(attempt, 4)
  await attempt.recorder.checkpoint(4, 'four', false)
  const model = { id: 'shades', version: 1 }
  await attempt.send({ type: 'finished', model, metrics: { loss: 0.25 }, step: 4 })
  return 'end'
}

export const crash =
  (step: number, checkpoint: number | null = null): Script =>
  async attempt => {
    await trainTo(attempt, step)
    if (checkpoint) await attempt.recorder.checkpoint(checkpoint, 'before the crash', false)
    return 'crash'
  }

export const diverge: Script = async attempt => {
  await trainTo(attempt, 2)
  await attempt.recorder.row(row(3, Number.NaN))
  await attempt.send({ type: 'failed', code: 'nan_loss', message: 'the loss became NaN at step 3' })
  return 'end'
}

export const stopBy =
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
  lost: null,
  killReason: null,
  ...exit,
})

export const crashOn =
  (action: 'pause' | 'cancel'): Script =>
  async attempt => {
    await trainTo(attempt, 2)
    await attempt.request(action)
    return 'crash'
  }

/** Dies after it has published and before it can say so, when a client has cancelled the job. */
export const publishAndCrash: Script = async attempt => {
  await trainTo(attempt, 4)
  await attempt.recorder.checkpoint(4, 'four', false)
  await attempt.request('cancel')
  attempt.cutOff()
  await attempt.recorder.publish(4, async folder => {
    await writeFile(join(folder, 'graph'), '')
    return modelOf(attempt.task)
  })
  return 'crash'
}

/** A trainer process that runs a script instead. */
class ScriptedTrainer {
  readonly exit: Promise<TrainerExit>
  private end!: (exit: TrainerExit) => void
  private onStop: (reason: StopReason) => void = () => {}
  private readonly stopRequested = new Promise<StopReason>(resolve => {
    this.onStop = resolve
  })

  constructor(
    private readonly store: Store,
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

  usage(): null {
    return null
  }

  kill(): void {
    this.end(exitOf({ signal: 'SIGKILL' }))
  }

  private async run(task: TrainerTask): Promise<'crash' | 'end'> {
    let isHeard = true
    const send = async (message: FromTrainer) => {
      if (isHeard) this.listener.onMessage(message)
    }
    const recorder = await AttemptRecorder.open<string>(
      { store: this.store, task, send, stopRequested: async () => null },
      {
        format: 'tensorflow',
        write: (folder, step, content) => writeFile(join(folder, `model.ckpt-${step}`), content),
      },
    )
    const request = async (action: 'pause' | 'cancel') => {
      await this.requestAction(action)
      await this.stopRequested
    }
    const cutOff = () => {
      isHeard = false
    }
    const resumedFrom = task.resumeFrom ?? 0
    return this.script({ recorder, resumedFrom, send, request, cutOff, task })
  }
}

const modelOf = ({ job }: TrainerTask): NewModel => ({
  name: 'shades',
  jobId: job.id,
  createdAt: new Date().toISOString(),
  model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
  dataset: { id: 'ds-0123456789abcdef', name: 'shades' },
  step: 3,
  input: { height: 2, width: 2, channels: 1, mean: [127], std: [60] },
  labels: ['dark', 'bright'],
  metrics: { loss: 0.25 },
})

const diskProblem = async () => null

/**
 * Runs a job until it ends or is paused, one script for each attempt. Fails if other than
 * `scripts.length` attempts start.
 */
export async function runScripts(
  { server, redis, findDataset }: ScriptedWorker,
  id: string,
  scripts: readonly Script[],
): Promise<void> {
  const { store, deps, api } = server
  const records = new JobRecords(store)
  const jobLog = new JobLog(store)
  const statePublisher = new LiveStatePublisher(redis, server.redis.prefix)
  const totals = new TrainingTotals(redis, server.redis.prefix)
  const remaining = [...scripts]
  const runner: JobRunner = new JobRunner(
    {
      records,
      jobLog,
      metricsLog: new MetricsLog(store),
      checkpoints: new Checkpoints(store),
      index: new JobIndex(redis, server.redis.prefix),
      statePublisher,
      findDataset,
      sweep: async () => {},
      closeLogs: async () => {},
      refusalOf: () => null,
      memory: new MemoryBudget(Number.POSITIVE_INFINITY),
      totals,
      diskProblem,
      log: deps.log,
      findPublished: job => findPublished(store, job),
      startAttempt(task, attemptRecord) {
        const script = remaining.shift()
        assert.ok(script, `attempt ${task.attempt} starts, but ${scripts.length} should`)
        const requestAction = async (action: 'pause' | 'cancel') => {
          await api.post(`/jobs/${id}/${action}`)
          await runner.pollRequests()
        }
        const open = (_gang: Gang, listener: TrainerListener) =>
          new ScriptedTrainer(store, listener, script, requestAction) as unknown as TrainerProcess
        return new AttemptRunner(
          {
            records,
            jobLog,
            resourceLog: new ResourceLog(store),
            statePublisher,
            slot: { open },
            readGpu: () => null,
            diskProblem,
            countOomKills,
            reserveMemory: () => null,
            hidePaths: text => text,
            log: deps.log,
          },
          task,
          attemptRecord,
        )
      },
    },
    id,
  )
  assert.equal(await runner.run(), 'done')
  await totals.flush()
  assert.deepEqual(remaining, [], 'not every attempt has started')
}
