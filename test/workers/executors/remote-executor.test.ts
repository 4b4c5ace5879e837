// Trainers that an engine runs elsewhere: everything is real, but the nodes of the engine are processes of this machine.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { connect } from '../../../src/jobs/queue/redis.js'
import { scriptPath } from '../../../src/places.js'
import { isAlive, readStat } from '../../../src/processes.js'
import { version } from '../../../src/version.js'
import { eventually, within } from '../../../testing/eventually.js'
import { findDescendants } from '../../../testing/processes.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { EngineRefusal } from '../../../workers/executors/engine.js'
import { LocalExecutor } from '../../../workers/executors/local-executor.js'
import { readerOptions, writerOptions } from '../../../workers/executors/remote/connections.js'
import { relayKeys } from '../../../workers/executors/remote/messages.js'
import { RemoteExecutor } from '../../../workers/executors/remote/remote-executor.js'
import { ProcessEngine } from './process-engine.js'
import { WorkerWithExecutor } from './worker-with-executor.js'

const patience = { timeoutMs: 120_000 }
const training = { steps: 300, checkpointEvery: 50, logEvery: 1 }
const cores = { cores: 1 }

let server: TestServer
let undisturbed: Buffer
before(async () => {
  server = await startServer()
  await uploadDataset(server, 'shades', 400)
  const environment = { ...process.env, ...settings(), ...engineEnvironment(cores) }
  const local = new LocalExecutor(scriptPath('workers/trainer'))
  const worker = new WorkerWithExecutor(server, local, environment)
  const id = await worker.submit(training)
  assert.equal(await within('a local job', worker.run(id).done, patience), 'done')
  const { status, failure } = await worker.job(id)
  assert.equal(status, 'succeeded', `${JSON.stringify(failure)}\n${await worker.log(id)}`)
  undisturbed = await worker.weights(id)
  await worker.close()
})
after(() => server.close())

const settings = () => ({
  TRAINYARD_DATA: `${server.folder}/data`,
  REDIS_URL: server.redis.url,
  TRAINYARD_REDIS_PREFIX: server.redis.prefix,
})

let clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of clean.toReversed()) await each()
  clean = []
})

function openWorker(name = 'worker-1') {
  const engine = new ProcessEngine(process.env)
  const connections = [writerOptions, readerOptions].map(options =>
    connect(server.redis, options, () => {}),
  )
  const executor = new RemoteExecutor({
    engine,
    redis: connections[0]!,
    reader: connections[1]!,
    prefix: server.redis.prefix,
    worker: name,
    version,
    ...{ cpus: 1, gpus: 1, memoryBytes: null },
    environment: settings(),
    log: server.deps.log,
    pollMs: 200,
  })
  const worker = new WorkerWithExecutor(server, executor, engineEnvironment(cores))
  clean.push(async () => {
    engine.close()
    await executor.close()
    await worker.close()
    for (const connection of connections) connection.disconnect()
  })
  const trainer = async () => {
    const find = async () => {
      const relay = engine.relays[0]
      return relay && (await findDescendants(relay.pid!, 'workers/trainer.js'))[0]
    }
    return (await eventually('a trainer', find, patience))!
  }
  return { engine, executor, worker, connections, trainer }
}

const isGone = (pid: number) => !isAlive(readStat(pid))

const reached = (worker: WorkerWithExecutor, id: string, step: number) =>
  eventually(`step ${step}`, async () => (await worker.step(id)) >= step, patience)

async function assertExact(worker: WorkerWithExecutor, id: string): Promise<void> {
  const job = await worker.job(id)
  assert.equal(job.status, 'succeeded', JSON.stringify(job.failure))
  assert.deepEqual(
    await worker.steps(id),
    Array.from({ length: training.steps }, (_, i) => i + 1),
    'each step has one row',
  )
  assert.ok((await worker.weights(id)).equals(undisturbed), 'the weights are those of a local job')
}

test('a job trains on another machine to the same bytes', async () => {
  const { engine, worker, trainer } = openWorker()
  const id = await worker.submit(training)
  const { done } = worker.run(id)
  const pid = await trainer()
  assert.equal(await within('the job', done, patience), 'done')
  await assertExact(worker, id)
  const log = await worker.log(id)
  assert.match(log, /given to Processes as trainyard-job-\w+-1/)
  assert.match(log, /the trainer runs on \S+/)
  await eventually('the end of the relay', () => engine.relays[0]!.exitCode !== null)
  assert.equal(engine.relays[0]!.exitCode, 0, engine.lastOutput)
  assert.ok(isGone(pid))
})

test('an engine is asked for the GPUs that a job asks for, or else for those of the settings', async () => {
  const { engine, executor } = openWorker()
  engine.isFull = true
  const slot = { environment: {}, gpu: null, engineGpus: 4 }
  const rank = { onMessage() {}, onLine() {}, onStopped() {}, onEnd() {} }
  const gang = { attempt: 1, world: 1, devices: 1 }
  executor.place({ ...gang, job: 'job-four', gpus: 4 }, slot, [rank])
  executor.place({ ...gang, job: 'job-none', gpus: 0 }, slot, [rank])
  await eventually('both', () => engine.submissions.length === 2, patience)
  const gpus = Object.fromEntries(engine.submissions.map(({ job, gpus }) => [job, gpus]))
  assert.deepEqual(gpus, { 'job-four': 4, 'job-none': 1 })
})

test('a relay that is killed takes its trainer with it, and the job goes on to the same bytes', async () => {
  const { engine, worker, trainer } = openWorker()
  const id = await worker.submit(training)
  const { done } = worker.run(id)
  await reached(worker, id, 60)
  const pid = await trainer()
  engine.relays[0]!.kill('SIGKILL')
  await eventually('the end of the trainer', () => isGone(pid), patience)
  assert.equal(await within('the job', done, patience), 'done')
  await assertExact(worker, id)
  const [first, second] = await worker.records.attempts(id)
  assert.equal(first!.end, 'killed')
  assert.match(first!.outputTail!, /was lost: Processes says: exit SIGKILL/)
  assert.ok(second!.resumedFrom >= 50)
})

test('a trainer outlives a Redis that restarts empty, and no message is lost or doubled', async () => {
  const { engine, worker } = openWorker()
  const id = await worker.submit(training)
  const { done } = worker.run(id)
  await reached(worker, id, 20)
  await server.redis.stop()
  await server.redis.start()
  await server.redis.flush()
  assert.equal(await within('the job', done, patience), 'done')
  await assertExact(worker, id)
  assert.equal(engine.submitted.length, 1, 'one attempt')
})

test('a trainer whose worker is gone ends itself', async () => {
  const { engine, worker, connections, trainer } = openWorker()
  const id = await worker.submit({ ...training, steps: 1_000_000 })
  const { done } = worker.run(id)
  await reached(worker, id, 20)
  const pid = await trainer()
  // nothing of the worker reaches Redis any more
  for (const connection of connections) connection.disconnect()
  await eventually('the end of the trainer', () => isGone(pid), patience)
  await eventually('the end of the relay', () => engine.relays[0]!.exitCode === 1, patience)
  await server.api.post(`/jobs/${id}/cancel`)
  assert.equal(await within('the worker', done, patience), 'done')
})

test('a machine that wants the process to go gets a checkpoint, and the job goes on elsewhere', async () => {
  const { engine, worker } = openWorker()
  const id = await worker.submit({ ...training, checkpointEvery: 1000 })
  const { done } = worker.run(id)
  await reached(worker, id, 60)
  engine.relays[0]!.kill('SIGTERM')
  assert.equal(await within('the job', done, patience), 'done')
  const [first, second] = await worker.records.attempts(id)
  assert.equal(first!.end, 'drained')
  assert.ok(second!.resumedFrom >= 60, `${second!.resumedFrom}`)
  assert.ok((await worker.weights(id)).equals(undisturbed))
})

test('a second process of the same rank ends without a word', async () => {
  const { engine, worker, trainer } = openWorker()
  const id = await worker.submit({ ...training, steps: 1_000_000 })
  const { runner, done } = worker.run(id)
  const pid = await trainer()
  const submission = engine.submissions.at(-1)!
  engine.start(submission)
  const second = engine.relays[1]!
  await eventually('the end of the second', () => second.exitCode !== null, patience)
  assert.equal(second.exitCode, 1)
  assert.match(engine.lastOutput, /another process, \S+, runs this rank or has run it/)
  await reached(worker, id, 20)
  assert.ok(!isGone(pid))
  await server.api.post(`/jobs/${id}/cancel`)
  await runner.pollRequests()
  assert.equal(await within('the job', done, patience), 'done')
  assert.equal((await worker.job(id)).status, 'cancelled')
})

test('a job that waits in the engine can be cancelled at once', async () => {
  const { engine, worker } = openWorker()
  engine.isFull = true
  const id = await worker.submit(training)
  const { runner, done } = worker.run(id)
  const waits = async () => /waits in Processes: no node is free/.test(await worker.log(id))
  await eventually('the engine', waits, patience)
  await server.api.post(`/jobs/${id}/cancel`)
  await runner.pollRequests()
  assert.equal(await within('the job', done, patience), 'done')
  assert.equal((await worker.job(id)).status, 'cancelled')
  await eventually('its end in the engine', () => engine.stopped.length === 1)
})

test('what an engine or a node refuses is told, and the job waits for the cure', async () => {
  const { engine, worker } = openWorker()
  engine.problem = new EngineRefusal('HTTP 401: the token has expired')
  const id = await worker.submit(training)
  const { done } = worker.run(id)
  const attempts = () => worker.records.attempts(id)
  const ended = (attempt: number) =>
    eventually(
      `the end of attempt ${attempt}`,
      async () => {
        const found = (await attempts()).find(each => each.attempt === attempt)
        return found?.end ? found : null
      },
      patience,
    )
  assert.equal(
    (await ended(1)).outputTail,
    'could not go on: no trainer can be started: Processes refuses the job: HTTP 401: the token has expired',
  )
  const works = engine.command
  engine.command = ['sh', '-c', 'echo "node: /etc/trainyard/node.env: not found"; exit 9']
  const second = await ended(2)
  assert.equal(second.end, 'unavailable')
  assert.match(second.outputTail!, /Processes says: exit 9; the last line there: node: .*not found/)
  assert.match(await worker.log(id), /node: \/etc\/trainyard\/node.env: not found/)
  engine.command = works
  assert.equal(await within('the job', done, patience), 'done')
  await assertExact(worker, id)
})

test('what a dead worker left in the engine is stopped when the job goes on', async () => {
  const { engine, worker, connections } = openWorker()
  const id = await worker.submit(training)
  const left = `trainyard-${id}-0`
  await connections[0]!.hset(relayKeys(server.redis.prefix).placed, `Processes/${left}`, 'worker-0')
  const { done } = worker.run(id)
  assert.equal(await within('the job', done, patience), 'done')
  assert.ok(engine.stopped.includes(left))
  const placed = () => connections[0]!.hgetall(relayKeys(server.redis.prefix).placed)
  await eventually('nothing is left', async () => !JSON.stringify(await placed()).includes(id))
})

test('a node with another version says so instead of training', async () => {
  const { engine, worker } = openWorker()
  const script = scriptPath('workers/remote-rank')
  const works = engine.command
  engine.command = ['env', 'TRAINYARD_WORKER_VERSION=0.0.1', process.execPath, script]
  const id = await worker.submit({ ...training, steps: 4 })
  const { done } = worker.run(id)
  const text = /this node has Trainyard \S+, and the worker 0\.0\.1: install the same/
  const told = async () => text.test(await worker.log(id))
  await eventually('the reason', told, patience)
  engine.command = works
  assert.equal(await within('the job', done, patience), 'done')
  assert.equal((await worker.job(id)).status, 'succeeded')
})
