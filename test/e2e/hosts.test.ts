// Hosts that share a store and a Redis: workers with labels and wrong clocks, of which one is drained.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { JobRecords } from '../../src/jobs/record/records.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import type { Worker } from '../../src/spec/worker.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { type ApiHost, type HostProcess, startApi, startWorker } from '../../testing/host.js'
import { mnistSample } from '../../testing/mnist.js'
import { startRedis, type TestRedis } from '../../testing/redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

const patience = { timeoutMs: 120_000, intervalMs: 50 }
const minute = 60_000

/** Ten minutes fast, and ten minutes slow. */
const clock = (ms: number) =>
  new URL(`../../testing/shifted-clock.js?ms=${ms}`, import.meta.url).href

let folder: string
let redis: TestRedis
let environment: NodeJS.ProcessEnv & { TRAINYARD_DATA: string }
let api: ApiHost
const cleanups: (() => unknown)[] = []
const scope = { after: (clean: () => unknown) => void cleanups.unshift(clean) }
after(async () => {
  for (const clean of cleanups) await clean()
})
before(async () => {
  folder = await tempFolder(scope)
  redis = await startRedis(folder)
  scope.after(() => redis.stop())
  environment = {
    REDIS_URL: redis.url,
    TRAINYARD_DATA: join(folder, 'data'),
    TRAINYARD_SLOTS: '1',
    TRAINYARD_SPARE_TRAINERS: 'off',
    TRAINYARD_LOCK_MS: '6000',
  }
  api = await startApi(scope, environment)
  await api.client.datasets.push('digits', await mnistSample(640))
})
const request = (name: string, further: Partial<JobRequest> = {}): JobRequest =>
  ({
    name,
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 1200, batchSize: 16, checkpointEvery: 10_000 },
    ...further,
  }) as JobRequest

const workers = async (): Promise<Worker[]> => (await api.client.server.workers()).items
const workerOf = (host: HostProcess) =>
  eventually(
    'a report',
    async () => (await workers()).find(({ pid }) => pid === host.child.pid),
    patience,
  )

const ended = (id: string): Promise<Job> =>
  eventually(
    `the end of ${id}`,
    async () => {
      const job = await api.client.jobs.get(id)
      return job.finishedAt ? job : null
    },
    patience,
  )

async function weights(job: Job): Promise<Buffer> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const { id, version } = job.result!.model
  const model = join(environment.TRAINYARD_DATA, 'models', id, String(version))
  return readFile(join(model, 'saved_model', 'variables', 'variables.data-00000-of-00001'))
}

test('a job moves from a drained worker to another host whose clock is 20 minutes behind, with the same bytes and no step lost', async t => {
  const first = startWorker(t, environment, clock(10 * minute))
  const undisturbed = await ended((await api.client.jobs.submit(request('undisturbed'))).id)

  const second = startWorker(t, environment, clock(-10 * minute))
  const [fast, slow] = [await workerOf(first), await workerOf(second)]
  await api.client.server.drainWorker(slow.id)
  const isDraining = async ({ id }: Worker) =>
    (await workers()).some(each => each.id === id && each.draining)
  await eventually('the other worker to take no jobs', () => isDraining(slow), patience)
  const job = await api.client.jobs.submit(request('moved'))
  // there is none before the pace of the steps is known
  const etaSeconds = await eventually(
    '50 steps, and an ETA',
    async () => {
      const { step, etaSeconds } = (await api.client.jobs.get(job.id)).progress
      return step >= 50 && etaSeconds
    },
    patience,
  )
  assert.ok(etaSeconds < 5 * 60, `an ETA of ${etaSeconds} s follows the clock of the worker`)
  const offsets = async () => {
    const found = await workers()
    return [fast, slow].map(({ id }) => found.find(each => each.id === id)?.clockOffsetSeconds)
  }
  await eventually('the offsets of the clocks', async () => (await offsets()).every(each => each))
  const [ahead, behind] = await offsets()
  assert.ok(Math.abs(ahead! - 600) < 5 && Math.abs(behind! + 600) < 5, `${ahead}, ${behind}`)

  await api.client.server.resumeWorker(slow.id)
  await api.client.server.drainWorker(fast.id)
  await eventually(
    'the second attempt',
    async () => (await api.client.jobs.get(job.id)).attempt === 2,
    patience,
  )
  await eventually('the first worker to say that it drains', () => isDraining(fast), patience)
  const moved = await ended(job.id)
  assert.ok((await weights(moved)).equals(await weights(undisturbed)), 'the weights differ')
  const attempts = await new JobRecords(await openFolderStore(environment.TRAINYARD_DATA)).attempts(
    job.id,
  )
  assert.deepEqual(
    attempts.map(({ end }) => end),
    ['drained', 'finished'],
  )
  assert.equal(attempts[1]!.resumedFrom, attempts[0]!.progress!.step, 'steps were lost')
  // what the first worker measured is not later than the second attempt, whatever their clocks say
  const resources = await api.client.jobs.resources(job.id)
  assert.ok(resources.columns.attempt.includes(1) && resources.columns.attempt.includes(2))

  // it takes no job, but the other one does; then it takes jobs again
  const next = await ended(
    (
      await api.client.jobs.submit(
        request('next', { training: { steps: 5, batchSize: 16 } } as Partial<JobRequest>),
      )
    ).id,
  )
  assert.equal(next.status, 'succeeded')
  await api.client.server.drainWorker(slow.id)
  await api.client.server.resumeWorker(fast.id)
  const back = await ended(
    (
      await api.client.jobs.submit(
        request('back', { training: { steps: 5, batchSize: 16 } } as Partial<JobRequest>),
      )
    ).id,
  )
  assert.equal(back.status, 'succeeded')
})

test('a job that no worker can run says what is missing, runs once a worker comes that has it, and its log says so', async t => {
  const near = startWorker(t, { ...environment, TRAINYARD_LABELS: 'zone=a' })
  await workerOf(near)
  const wanted = request('far', {
    training: { steps: 5, batchSize: 16 },
    resources: { labels: ['zone=b'] },
  } as Partial<JobRequest>)
  const missing = /no worker has the label zone=b \(.*no label zone=b/
  const plan = await api.client.jobs.plan(wanted)
  const note = plan.notes.find(({ code }) => code === 'no_worker_fits')
  assert.match(note!.message, missing)
  const job = await api.client.jobs.submit(wanted)
  const view = await api.client.jobs.get(job.id)
  assert.match(view.waitingFor!, missing)
  assert.deepEqual(view.resources, { labels: ['zone=b'] })
  const metrics = await api.client.server.metrics()
  assert.match(metrics, /^trainyard_queue_unplaced_jobs 1$/m)
  // others are not kept waiting
  const other = await ended(
    (
      await api.client.jobs.submit(
        request('near', { training: { steps: 5, batchSize: 16 } } as Partial<JobRequest>),
      )
    ).id,
  )
  assert.equal(other.status, 'succeeded')
  assert.equal((await api.client.jobs.get(job.id)).status, 'queued')

  startWorker(t, { ...environment, TRAINYARD_LABELS: 'zone=b,ssd' })
  const far = await ended(job.id)
  assert.equal(far.status, 'succeeded', far.failure?.message)
  assert.equal(far.attempt, 1)
  const headers = { authorization: `Bearer ${api.key}` }
  const log = await (await fetch(`${api.url}/jobs/${job.id}/logs`, { headers })).text()
  assert.match(log, /not started before: no worker has the label zone=b/)
})

test('a job of several processes is not offered to a worker that cannot keep their ports private, which says why', async t => {
  const near = startWorker(t, { ...environment, PATH: folder, TRAINYARD_LABELS: 'zone=c' })
  assert.match((await workerOf(near)).gangProblem!, /none can be made \(unshare: .*ENOENT\)/)
  await api.client.datasets.push('rows', [new File(['x,y\n1,2\n2,4\n3,6\n4,8\n'], 'rows.csv')])
  const wanted: JobRequest = {
    ...{ name: 'gang', dataset: 'rows', model: { kind: 'boosting', rounds: 2 } },
    training: { target: 'y', validation: 0 },
    // workers of tests before may have reported shortly ago
    resources: { workers: 2, labels: ['zone=c'] },
  }
  const missing =
    /no worker has the label zone=c and a network for several processes of one job \(.*unshare.*set TRAINYARD_GANG_NETWORK=private.*\)/
  const plan = await api.client.jobs.plan(wanted)
  assert.match(plan.notes.find(({ code }) => code === 'no_worker_fits')!.message, missing)
  const job = await api.client.jobs.submit(wanted)
  const view = await api.client.jobs.get(job.id)
  assert.match(view.waitingFor!, missing)
  assert.equal(view.status, 'queued')
  await api.client.jobs.cancel(job.id)
})

test('a worker that gets SIGUSR2 ends its job and takes no other', async t => {
  const worker = startWorker(t, environment)
  const first = await api.client.jobs.submit(request('last'))
  await eventually(
    'its start',
    async () => (await api.client.jobs.get(first.id)).status === 'running',
    patience,
  )
  worker.child.kill('SIGUSR2')
  const { id } = await workerOf(worker)
  await eventually('a report', async () => (await workers()).find(each => each.id === id)?.draining)
  const waiting = await api.client.jobs.submit(request('waits'))
  const job = await ended(first.id)
  assert.equal(job.status, 'succeeded')
  assert.equal(job.attempt, 1)
  assert.equal((await api.client.jobs.get(waiting.id)).status, 'queued')
})
