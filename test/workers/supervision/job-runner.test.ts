import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { readConfig } from '../../../src/config.js'
import { Datasets } from '../../../src/datasets/datasets.js'
import { JobIndex } from '../../../src/jobs/queue/job-index.js'
import { LiveStatePublisher, readHoldReason } from '../../../src/jobs/queue/live-state.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { TrainingTotals } from '../../../src/jobs/queue/training-totals.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { planJob } from '../../../src/planning/plan.js'
import type { JobManifest, JobRequest, NetworkJob } from '../../../src/spec/job.js'
import { DiskSpace } from '../../../src/store/disk-space.js'
import { diskWithFailpoints } from '../../../src/store/failpoints.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { EmbeddedRedis } from '../../../src/supervisor/embedded-redis.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { eventually } from '../../../testing/eventually.js'
import { newJobId, startAttempt } from '../../../testing/running-job.js'
import { workerReport } from '../../../testing/worker-report.js'
import { refusalOf } from '../../../workers/supervision/admission.js'
import { JobRunner, type JobRunnerDeps } from '../../../workers/supervision/job-runner.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'

const GiB = 2 ** 30
const prefix = 'test'
const at = '2026-01-01T00:00:00.000Z'

let folder: string
let server: EmbeddedRedis
let redis: Redis
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-run-'))
  server = await EmbeddedRedis.open(folder)
  redis = connect(
    { connection: readConfig({ REDIS_URL: server.url }).redis!, prefix },
    blockingOptions,
    () => {},
  )
  store = await openFolderStore(join(folder, 'data'))
})
after(async () => {
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

async function newJob(totalBytes?: number, further: Partial<NetworkJob> = {}): Promise<string> {
  const identity = { id: newJobId(), createdAt: at }
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const job = planJob(identity, request, digitsManifest(), null)
  const memory = { engineBytes: 0, stateBytes: 0, stepBytes: 0, totalBytes: totalBytes ?? 0 }
  await new JobRecords(store).create({
    ...(job as NetworkJob),
    ...(totalBytes && { memory }),
    ...further,
  })
  return identity.id
}

/** What the worker logged. */
const logged: Record<string, unknown>[] = []

interface RunOptions {
  records?: JobRecords
  findDataset?: JobRunnerDeps['findDataset']
  startAttempt?: JobRunnerDeps['startAttempt']
  diskProblem?: JobRunnerDeps['diskProblem']
  store?: Store
  memory?: MemoryBudget
  refusalOf?: JobRunnerDeps['refusalOf']
  closeLogs?: JobRunnerDeps['closeLogs']
}

function runnerOf(id: string, options: RunOptions = {}): JobRunner {
  const used = options.store ?? store
  return new JobRunner(
    {
      records: options.records ?? new JobRecords(used),
      jobLog: new JobLog(used),
      metricsLog: new MetricsLog(used),
      checkpoints: new Checkpoints(used),
      index: new JobIndex(redis, prefix),
      statePublisher: new LiveStatePublisher(redis, prefix),
      findPublished: async () => null,
      findDataset: options.findDataset ?? (dataset => new Datasets(used).get(dataset)),
      sweep: async () => {},
      closeLogs: options.closeLogs ?? (async () => {}),
      refusalOf: options.refusalOf ?? (() => null),
      memory: options.memory ?? new MemoryBudget(8 * GiB),
      totals: new TrainingTotals(redis, prefix),
      diskProblem: options.diskProblem ?? (async () => null),
      log: pino({}, { write: line => void logged.push(JSON.parse(line)) }),
      startAttempt:
        options.startAttempt ??
        (() => {
          throw new Error('no attempt should start')
        }),
    },
    id,
  )
}

/** Runs a job that must end without starting a trainer. */
async function run(id: string): Promise<void> {
  assert.equal(await runnerOf(id).run(), 'done')
}

async function end(id: string) {
  const records = new JobRecords(store)
  const { result } = await records.read(id)
  const { items } = await new JobLog(store).page(id, await records.claims(id), { limit: 100 })
  const last = items.at(-1)
  return { failure: result?.failure, last: last && [last.attempt, last.line] }
}

test('a job whose data set is gone fails, and says so in its log', async () => {
  const id = await newJob()
  await run(id)
  const { failure, last } = await end(id)
  assert.equal(failure?.code, 'dataset_gone')
  assert.deepEqual(last, [1, `failed: dataset_gone: ${failure.message}`])
  const ofJob = logged.filter(({ job }) => job === id)
  assert.deepEqual(
    ofJob.map(({ msg }) => msg),
    ['job started', 'job failed'],
  )
  assert.deepEqual(ofJob[1]!.failure, failure)
  assert.deepEqual(await transitionsOf(id), ['queued 0', 'running 1', 'failed 1'])
})

test('a job that makes no progress fails, and says so in its log after the lines of its attempts', async () => {
  const id = await newJob()
  for (const attempt of [1, 2, 3]) {
    const ended = { endedAt: at, end: 'crashed', outputTail: 'exit code 1' } as const
    await startAttempt(store, id, { startedAt: at, ...ended })
    await new JobLog(store).append(id, attempt, 'attempt')
  }
  await run(id)
  const { failure, last } = await end(id)
  assert.equal(failure?.code, 'crashed')
  assert.match(failure.message, /attempt 3 /)
  assert.deepEqual(last, [3, `failed: crashed: ${failure.message}`])
  // no attempt is claimed that does not start
  assert.deepEqual((await new JobRecords(store).claims(id)).at(-1), { attempt: 3 })
  assert.equal((await transitionsOf(id)).at(-1), 'failed 3')
})

for (const [how, ends, last] of [
  ['cancelled', 1, 'cancelled 1'],
  ['out of attempts', 3, 'failed 3'],
] as const) {
  test(`the logs of a worker that died are closed before its job ends that is ${how}`, async () => {
    const id = await newJob()
    const ended = { endedAt: at, end: 'crashed', outputTail: 'exit code 1' } as const
    for (let n = 1; n <= ends; n++) await startAttempt(store, id, { startedAt: at, ...ended })
    if (how === 'cancelled') await new JobRecords(store).apply(id, { event: 'cancel', at })
    const atClose: string[] = []
    const closeLogs = async () => void atClose.push((await transitionsOf(id)).at(-1)!)
    assert.equal(await runnerOf(id, { closeLogs }).run(), 'done')
    assert.equal((await transitionsOf(id)).at(-1), last)
    assert.ok(atClose.length > 0)
    assert.ok(!atClose.includes(last), `closed at ${atClose}`)
  })
}

test('a job waits while the disk takes no writes, and says what for', async () => {
  const id = await newJob()
  let problem: string | null = 'the disk of the data folder is full (0 MB free)'
  const runner = runnerOf(id, { diskProblem: async () => problem })
  const ended = runner.run()
  const reason = () => readHoldReason(redis, prefix, id)
  assert.equal(await eventually('the reason', reason), problem)
  assert.deepEqual(await transitionsOf(id), ['queued 0'])
  problem = null
  // there is no data set, so the job ends as soon as it goes on
  assert.equal(await ended, 'done')
  assert.equal((await end(id)).failure?.code, 'dataset_gone')
  assert.equal(await reason(), null)
})

test('a waiting job can be cancelled, and leaves its worker for a shutdown', async () => {
  const options = { diskProblem: async () => 'the disk fails (EIO)' }
  const cancelled = await newJob()
  const ended = runnerOf(cancelled, options).run()
  await eventually('the wait', () => readHoldReason(redis, prefix, cancelled))
  await new JobRecords(store).apply(cancelled, { event: 'cancel', at })
  assert.equal(await ended, 'done')
  assert.deepEqual(await transitionsOf(cancelled), ['queued 0', 'cancelled 0'])

  const drained = await newJob()
  const runner = runnerOf(drained, options)
  const outcome = runner.run()
  await eventually('the wait', () => readHoldReason(redis, prefix, drained))
  runner.drain()
  assert.equal(await outcome, 'requeue')
})

test('a job that needs more memory than the machine has is held, without an attempt', async () => {
  const id = await newJob(48.2 * GiB)
  assert.equal(await runnerOf(id).run(), 'held')
  assert.match((await readHoldReason(redis, prefix, id)) ?? '', /about 48\.2 GiB.* has 8\.0 GiB/)
  assert.deepEqual(await new JobRecords(store).claims(id), [])
  assert.deepEqual(await transitionsOf(id), ['queued 0'])
})

test('a job waits for the memory of other jobs, and gives its own back', async () => {
  const memory = new MemoryBudget(8 * GiB)
  memory.reserve('other', 6 * GiB)
  const id = await newJob(5 * GiB)
  const ended = runnerOf(id, { memory }).run()
  const reason = await eventually('the reason', () => readHoldReason(redis, prefix, id))
  assert.match(reason, /of which its other jobs take 6\.0 GiB/)
  assert.deepEqual(await transitionsOf(id), ['queued 0'])
  memory.release('other')
  // there is no data set, so the job ends as soon as it goes on
  assert.equal(await ended, 'done')
  assert.equal(memory.reserve('next', 10 * GiB), null)
})

test('the outcome of an attempt is recorded after the disk takes writes again, and no step is repeated', async () => {
  const id = await newJob()
  const control = join(folder, 'failpoints.json')
  const disk = diskWithFailpoints(control, 'worker')
  const space = new DiskSpace(join(folder, 'data'), disk)
  const failing = await openFolderStore(join(folder, 'data'), disk)
  await putDataset()
  let started = 0
  const runner = runnerOf(id, {
    store: failing,
    diskProblem: async () => (await space.status()).problem,
    startAttempt: () => {
      started++
      return {
        outcome: async () => {
          const failpoint = { process: 'worker', error: 'EDQUOT', when: 'before', probability: 1 }
          await writeFile(control, JSON.stringify([failpoint]))
          return { kind: 'finished', model: { id: 'a', version: 1 }, metrics: {}, step: 4 }
        },
        stop() {},
        kill() {},
      }
    },
  })
  const ended = runner.run()
  const reason = await eventually('the reason', () => readHoldReason(redis, prefix, id))
  assert.equal(reason, 'the disk of the data folder is full (EDQUOT)')
  await rm(control)
  assert.equal(await ended, 'done')
  assert.equal(started, 1)
  assert.deepEqual(await transitionsOf(id), ['queued 0', 'running 1', 'succeeded 1'])
})

test('an attempt is told of a request that was read while it was about to start', async () => {
  const id = await newJob()
  await putDataset()
  const records = new JobRecords(store)
  const stops: string[] = []
  const stopped = new AbortController()
  let started = () => {}
  const attemptStarted = new Promise<void>(resolve => {
    started = resolve
  })
  // a read from before the start of the attempt's process, which takes until after it
  const slowRecords = Object.create(records) as JobRecords
  let slow = true
  slowRecords.summary = async job => {
    const read = await records.summary(job)
    if (slow) {
      slow = false
      await attemptStarted
    }
    return read
  }
  let poll: Promise<void> | undefined
  const runner: JobRunner = runnerOf(id, {
    records: slowRecords,
    findDataset: async dataset => {
      await records.apply(id, { event: 'cancel', at })
      poll = runner.pollRequests()
      return new Datasets(store).get(dataset)
    },
    startAttempt: () => {
      setImmediate(started)
      return {
        outcome: async () => {
          await eventually('the stop', () => stopped.signal.aborted)
          return { kind: 'stopped' }
        },
        stop(reason) {
          stops.push(reason)
          stopped.abort()
        },
        kill() {},
      }
    },
  })
  assert.equal(await runner.run(), 'done')
  await poll
  assert.deepEqual(stops, ['cancel'])
  assert.equal((await transitionsOf(id)).at(-1), 'cancelled 1')
})

test('a failure has one line, whatever its text', async () => {
  const id = await newJob()
  await putDataset()
  const message = 'OOM when allocating\n    at Session.run (/a/b.js:1:2)\n\t [[{{node x}}]]\n'
  const runner = runnerOf(id, {
    startAttempt: () => ({
      outcome: async () => ({ kind: 'failed', failure: { code: 'out_of_memory', message } }),
      stop() {},
      kill() {},
    }),
  })
  assert.equal(await runner.run(), 'done')
  assert.equal((await end(id)).failure?.message, 'OOM when allocating')
})

async function transitionsOf(id: string): Promise<string[]> {
  const { lifecycle } = await new JobRecords(store).read(id)
  return lifecycle.transitions.map(({ status, attempt }) => `${status} ${attempt}`)
}

/** The data set of `newJob`, as far as a runner looks at it. */
async function putDataset(): Promise<void> {
  const { id, ...rest } = digitsManifest()
  await store.commit(await store.stage(), `datasets/${id}`, { id, ...rest })
}

const offer = workerReport({ version: '0.1.0', labels: ['ssd'] })
const refusing = { refusalOf: (manifest: JobManifest) => refusalOf(manifest, offer) }

test('a job that a newer version has planned with an option that this version does not know is not run by it', async () => {
  const request = { model: { kind: 'resnet' }, dataset: 'digits', training: { teleport: true } }
  const newer = { plannedBy: '0.2.0', request: request as unknown as JobRequest }
  const id = await newJob(undefined, newer)
  assert.equal(await runnerOf(id, refusing).run(), 'held')
  assert.equal(
    await readHoldReason(redis, prefix, id),
    "version 0.2.0 has planned it with /training/teleport, which this worker's version 0.1.0 does not know: upgrade the worker",
  )
  // an option that was there and is no more does not keep a job of the same version from running
  const same = await newJob(undefined, { ...newer, plannedBy: '0.1.0' })
  await assert.rejects(runnerOf(same, refusing).run(), /no attempt should start/)
})

test('a job is given back if this worker lacks what it needs, such as an option of a newer version', async () => {
  const needs = await newJob(undefined, { requires: ['teleport'] })
  assert.equal(await runnerOf(needs, refusing).run(), 'misplaced')
  const label = await newJob(undefined, { resources: { labels: ['nvme'] } })
  assert.equal(await runnerOf(label, refusing).run(), 'misplaced')
  const fits = await newJob(undefined, { resources: { labels: ['ssd'] } })
  await assert.rejects(runnerOf(fits, refusing).run(), /no attempt should start/)
})

test('a job that asks for more memory than its estimate gets as much', async () => {
  const asked = { resources: { memoryBytes: 9 * GiB } }
  const id = await newJob(GiB, asked)
  const memory = new MemoryBudget(4 * GiB)
  assert.equal(await runnerOf(id, { memory }).run(), 'held')
  assert.match((await readHoldReason(redis, prefix, id))!, /needs about 9.0 GiB/)
})
