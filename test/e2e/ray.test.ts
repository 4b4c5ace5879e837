// TRAINYARD_EXECUTOR=ray on a real Ray of two nodes. Ray listens on the host's address and by default asks for no token,
// so Ray and the worker are in a network of their own; they share the folder and the socket of Redis with this process.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { scriptPath } from '../../src/places.js'
import { eventually } from '../../testing/eventually.js'
import { openPrivateNetwork, type PrivateNetwork } from '../../testing/private-network.js'
import { needsRay, RayCluster } from '../../testing/ray.js'
import { startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'
import { JobsOnServer } from '../workers/executors/jobs-on-server.js'

const patience = { timeoutMs: 240_000, intervalMs: 100 }
const training = { steps: 400, checkpointEvery: 100, logEvery: 1 }

const needs = needsRay()
let server: TestServer
let jobs: JobsOnServer
let network: PrivateNetwork
let ray: RayCluster
let undisturbed: Buffer
/** The weights of a job with two shards, by one trainer. */
let sharded: Buffer
/** In the order of what was started; ended in the other. */
const cleanups: (() => unknown)[] = []
const scope = { after: (work: () => unknown) => void cleanups.push(work) }
after(async () => {
  for (const clean of cleanups.toReversed()) await clean()
})
if (!needs.skip) {
  before(async () => {
    server = await startServer()
    scope.after(() => server.close())
    await uploadDataset(server, 'shades', 400)
    jobs = new JobsOnServer(server)
    network = await openPrivateNetwork(scope)
    const worker = startWorker({ TRAINYARD_SPARE_TRAINERS: 'off' })
    undisturbed = await jobs.weights(await ended(await jobs.submit(training)))
    sharded = await jobs.weights(await ended(await jobs.submit({ ...training, shards: 2 })))
    await stop(worker)
    // Ray makes sockets in it, whose paths must be short
    const folder = await mkdtemp(join('/tmp', 'ray-'))
    scope.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
    ray = await RayCluster.start(scope, network, folder, {})
    await ray.addNode()
    const onRay = startWorker({
      TRAINYARD_EXECUTOR: 'ray',
      TRAINYARD_RAY_URL: ray.url,
      TRAINYARD_GANG_NETWORK: 'private',
    })
    scope.after(() => stop(onRay))
  })
}

function startWorker(settings: NodeJS.ProcessEnv): ChildProcess {
  const environment = {
    ...process.env,
    TRAINYARD_DATA: join(server.folder, 'data'),
    REDIS_URL: server.redis.url,
    TRAINYARD_REDIS_PREFIX: server.redis.prefix,
    TRAINYARD_SLOTS: '2',
    ...settings,
  }
  const [program, args] = network.command(process.execPath, scriptPath('workers/worker'))
  return spawn(program, args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  worker.kill('SIGTERM')
  await once(worker, 'exit')
}

async function ended(id: string): Promise<string> {
  const status = async () => (await jobs.job(id)).status
  const isOver = async () => !['queued', 'running'].includes(await status())
  await eventually(`the end of ${id}`, isOver, patience).catch(async error => {
    throw new Error(`${error.message}\n${await jobs.log(id)}`)
  })
  const { status: last, failure } = await jobs.job(id)
  assert.equal(last, 'succeeded', `${JSON.stringify(failure)}\n${await jobs.log(id)}`)
  return id
}

const reached = (id: string, step: number) =>
  eventually(`step ${step} of ${id}`, async () => (await jobs.step(id)) >= step, patience)

async function assertEachStepOnce(id: string, steps: number): Promise<void> {
  const all = Array.from({ length: steps }, (_, i) => i + 1)
  assert.deepEqual(await jobs.steps(id), all, 'each step has one row')
}

async function assertExact(id: string): Promise<void> {
  await assertEachStepOnce(await ended(id), training.steps)
  assert.ok((await jobs.weights(id)).equals(undisturbed), await jobs.log(id))
}

test('jobs train on two nodes of Ray, to the bytes of a local job', needs, async () => {
  const ids = [await jobs.submit(training), await jobs.submit(training)]
  for (const id of ids) {
    await assertExact(id)
    const log = await jobs.log(id)
    assert.match(log, new RegExp(`given to Ray as trainyard-${id}-1`))
    assert.match(log, /the trainer runs on \S+/)
    assert.equal((await jobs.records.attempts(id)).length, 1)
  }
})

test(
  'a network trains by two ranks on two nodes of Ray, to the bytes of one, also if one is killed',
  needs,
  async () => {
    const id = await jobs.submit({ ...training, shards: 2 }, { workers: 2 })
    await reached(id, 120)
    // each node has one processor, and each rank takes one
    assert.ok(await ray.otherTrains(), await jobs.log(id))
    await ray.killOtherTrainer()
    await assertEachStepOnce(await ended(id), training.steps)
    assert.ok((await jobs.weights(id)).equals(sharded), await jobs.log(id))
    const attempts = await jobs.records.attempts(id)
    assert.deepEqual(
      attempts.map(({ end }) => end),
      ['killed', 'finished'],
    )
    await eventually('no trainer', async () => !(await ray.trains()), patience)
  },
)

test('a job that is cancelled leaves Ray, and so does its trainer', needs, async () => {
  const id = await jobs.submit({ ...training, steps: 1_000_000 })
  await reached(id, 20)
  await server.api.post(`/jobs/${id}/cancel`)
  await eventually('the end', async () => (await jobs.job(id)).status === 'cancelled', patience)
  await eventually('no trainer', async () => !(await ray.trains()), patience)
})

test('a node is killed: its job comes back by itself, to the same bytes', needs, async () => {
  // one job for each node
  const ids = [await jobs.submit(training), await jobs.submit(training)]
  await eventually('a trainer on the other node', () => ray.otherTrains(), patience)
  await ray.killRaylet()
  await ray.removeNode()
  for (const id of ids) await assertExact(id)
  const attempts = await Promise.all(ids.map(id => jobs.records.attempts(id)))
  assert.deepEqual(attempts.map(({ length }) => length).toSorted(), [1, 2])
  const [lost] = attempts.find(({ length }) => length === 2)!
  assert.equal(lost!.end, 'killed', JSON.stringify(lost))
  await ray.addNode()
})

test(
  'the head is killed and another started: jobs go on or come back by themselves, to the same bytes',
  needs,
  async () => {
    // they still train when both have begun
    const steps = 4000
    // one on each node
    const [one, other] = [
      await jobs.submit({ ...training, steps }),
      await jobs.submit({ ...training, steps }),
    ]
    for (const id of [one, other]) await reached(id, 20)
    await ray.replaceHead()
    for (const id of [one, other]) await assertEachStepOnce(await ended(id), steps)
    assert.ok((await jobs.weights(one)).equals(await jobs.weights(other)), 'the same job, twice')
    // that of the head died with it, and nobody told the worker; that of the other node may have gone on
    const attempts = await Promise.all([one, other].map(id => jobs.records.attempts(id)))
    const lost = attempts.flat().filter(({ end }) => end === 'killed')
    assert.ok(lost.length > 0, JSON.stringify(attempts))
    for (const { outputTail } of lost) assert.match(outputTail!, /was lost: .*Ray /)
  },
)
