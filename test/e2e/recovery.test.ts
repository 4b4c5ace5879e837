import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { eventually, mnistSample, TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
let undisturbedJob: Job
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_LOCK_MS: '6000' })
  await deployment.client.uploadDataset('digits', await mnistSample(1280))
  undisturbedJob = await deployment.train(request('calm'))
})
after(() => deployment.close())

/** Slow enough to be caught in the middle. */
const request = (name: string): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 400, batchSize: 16, checkpointEvery: 100 },
})

/** Trains a job, and once it is at step 150 does something to it. */
async function trainWithFault(name: string, inject: (id: string) => Promise<void>): Promise<Job> {
  let injected = false
  const job = await deployment.client.submit(request(name))
  const ended = await deployment.waitForEnd(job, async step => {
    if (step < 150 || injected) return
    injected = true
    await inject(job.id)
  })
  assert.ok(injected)
  return ended
}

async function assertSameWeights(job: Job): Promise<void> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  assert.ok(
    (await deployment.weights(job)).equals(await deployment.weights(undisturbedJob)),
    'the weights differ',
  )
}

const isRunning = (pid: number) => isAlive(readStat(pid))

test('a worker is killed, its trainer stopped: the trainer ends, and the job goes on to the same bytes', async () => {
  let trainer = 0
  const job = await trainWithFault('worker-killed', async () => {
    trainer = await deployment.activeTrainer()
    process.kill(trainer, 'SIGSTOP')
    process.kill(await deployment.pidOf('workers/worker.js'), 'SIGKILL')
  })
  assert.equal(job.attempt, 2)
  assert.ok(!isRunning(trainer), 'its stopped trainer is left')
  await assertSameWeights(job)
})

test('a trainer that is stopped is found and replaced', async () => {
  const job = await trainWithFault('trainer-stopped', async () => {
    process.kill(await deployment.activeTrainer(), 'SIGSTOP')
  })
  assert.equal(job.attempt, 2)
  await assertSameWeights(job)
})

test('a worker that was stopped finds its job taken, ends its trainer, and serves the queue again', async t => {
  let other: ReturnType<typeof fork> | undefined
  t.after(async () => {
    if (!other) return
    other.kill('SIGTERM')
    await once(other, 'exit')
  })
  const stopped = { worker: 0, trainer: 0 }
  const job = await trainWithFault('worker-stopped', async id => {
    stopped.worker = await deployment.pidOf('workers/worker.js')
    stopped.trainer = await deployment.activeTrainer()
    // it lives: only its lock, not its death, may give the job away
    process.kill(stopped.trainer, 'SIGSTOP')
    process.kill(stopped.worker, 'SIGSTOP')
    other = fork(fileURLToPath(new URL('../../workers/worker.js', import.meta.url)), [], {
      env: await environmentOf(stopped.worker),
      detached: true,
    })
    await eventually(async () => (await deployment.attempts(id)).length === 2)
    assert.equal(readStat(stopped.trainer)?.state, 'T', 'a living worker lost its trainer')
    process.kill(stopped.worker, 'SIGCONT')
    await eventually(() => !isRunning(stopped.trainer))
  })
  assert.equal(job.attempt, 2)
  await assertSameWeights(job)
  other!.kill('SIGTERM')
  await once(other!, 'exit')
  other = undefined
  assert.ok(isRunning(stopped.worker), 'the worker that was stopped has ended')
  await assertSameWeights(await deployment.train(request('afterwards')))
})

test('a job whose trainer crashes again and again fails, and the next one trains', async () => {
  const endless = { steps: 100_000, checkpointEvery: 100_000, batchSize: 32 }
  const crashing = await deployment.client.submit({ ...request('crashing'), training: endless })
  const next = await deployment.client.submit(request('next'))
  const dead = new Set<number>()
  let job = crashing
  await eventually(async () => {
    job = await deployment.client.job(crashing.id)
    if (job.phase === 'training') {
      // null: it has ended, and the next is not there yet
      const trainer = await deployment.activeTrainer().catch(() => null)
      // what native code does that reads where it may not
      if (trainer !== null && !dead.has(trainer)) process.kill(trainer, 'SIGSEGV')
      if (trainer !== null) dead.add(trainer)
    }
    return job.status === 'failed'
  })
  assert.equal(job.failure?.code, 'no_progress')
  assert.match(job.failure.message, /^3 attempts ended without a new checkpoint.*SIGSEGV/)
  const { items } = await deployment.client.logs(job.id, { tail: '1' })
  assert.equal(items[0]?.line, `failed: no_progress: ${job.failure.message}`)
  await assertSameWeights(await deployment.waitForEnd(next))
})

async function environmentOf(pid: number): Promise<NodeJS.ProcessEnv> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').filter(Boolean)
  const entries = pairs.map(pair => [
    pair.slice(0, pair.indexOf('=')),
    pair.slice(pair.indexOf('=') + 1),
  ])
  // the channel to the supervisor is not ours
  const { NODE_CHANNEL_FD: _, ...environment } = Object.fromEntries(entries)
  return environment
}
