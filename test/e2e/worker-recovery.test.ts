import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
let undisturbedJob: Job
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_LOCK_MS: '6000' })
  await deployment.client.datasets.push('digits', await mnistSample(1280))
  undisturbedJob = await deployment.train(request('undisturbed'))
})
after(() => deployment.close())

/** Long enough to be interrupted in the middle. */
const request = (name: string): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 400, batchSize: 16, checkpointEvery: 100 },
})

/** Trains a job and calls `inject` when it reaches step 150. */
async function trainWithFault(name: string, inject: (id: string) => Promise<void>): Promise<Job> {
  let injected = false
  const job = await deployment.client.jobs.submit(request(name))
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

test('after a worker is killed its stopped trainer is killed too, and the job ends with the same weights', async () => {
  let trainer = 0
  const job = await trainWithFault('worker-killed', async () => {
    trainer = await deployment.activeTrainer()
    process.kill(trainer, 'SIGSTOP')
    process.kill(await deployment.pidOf('workers/worker.js'), 'SIGKILL')
  })
  assert.equal(job.attempt, 2)
  assert.ok(!isRunning(trainer), 'its stopped trainer still exists')
  await assertSameWeights(job)
})

test('a stopped trainer is detected and replaced', async () => {
  const job = await trainWithFault('trainer-stopped', async () => {
    process.kill(await deployment.activeTrainer(), 'SIGSTOP')
  })
  assert.equal(job.attempt, 2)
  await assertSameWeights(job)
})

test('a worker that continues after its job was taken over ends its trainer and serves the queue again', async t => {
  let other: ReturnType<typeof fork> | undefined
  t.after(async () => {
    process.kill(deployment.supervisor, 'SIGCONT')
    if (!other) return
    other.kill('SIGTERM')
    await once(other, 'exit')
  })
  const stopped = { worker: 0, trainer: 0 }
  const job = await trainWithFault('worker-stopped', async id => {
    stopped.worker = await deployment.pidOf('workers/worker.js')
    stopped.trainer = await deployment.activeTrainer()
    // the worker exists, so another one may take its job only after the lock has expired; the supervisor
    // would kill it
    process.kill(deployment.supervisor, 'SIGSTOP')
    process.kill(stopped.trainer, 'SIGSTOP')
    process.kill(stopped.worker, 'SIGSTOP')
    other = fork(fileURLToPath(new URL('../../workers/worker.js', import.meta.url)), [], {
      env: await environmentOf(stopped.worker),
      detached: true,
    })
    await eventually(
      'the second attempt',
      async () => (await deployment.attempts(id)).length === 2,
      { timeoutMs: 60_000 },
    )
    assert.equal(readStat(stopped.trainer)?.state, 'T', 'the trainer of a stopped worker was ended')
    process.kill(stopped.worker, 'SIGCONT')
    process.kill(deployment.supervisor, 'SIGCONT')
    await eventually('the old trainer to end', () => !isRunning(stopped.trainer))
  })
  assert.equal(job.attempt, 2)
  await assertSameWeights(job)
  other!.kill('SIGTERM')
  await once(other!, 'exit')
  other = undefined
  assert.ok(isRunning(stopped.worker), 'the worker that was stopped has ended')
  await assertSameWeights(await deployment.train(request('afterwards')))
})

test('a job whose trainer crashes three times fails, and the next job trains', async () => {
  const endless = { steps: 100_000, checkpointEvery: 100_000, batchSize: 32 }
  const crashing = await deployment.client.jobs.submit({
    ...request('crashing'),
    training: endless,
  })
  const next = await deployment.client.jobs.submit(request('next'))
  const dead = new Set<number>()
  let job = crashing
  const crashTrainers = async () => {
    job = await deployment.client.jobs.get(crashing.id)
    if (job.phase === 'training') {
      // null: the last trainer has ended, and the next one does not exist yet
      const trainer = await deployment.activeTrainer().catch(() => null)
      // as native code with a wild pointer ends
      if (trainer !== null && !dead.has(trainer)) process.kill(trainer, 'SIGSEGV')
      if (trainer !== null) dead.add(trainer)
    }
    return job.status === 'failed'
  }
  await eventually('the job to fail', crashTrainers, { timeoutMs: 120_000 })
  assert.equal(job.failure?.code, 'crashed')
  assert.match(
    job.failure.message,
    /^3 attempts crashed without a new checkpoint; attempt 3 was ended by SIGSEGV in native code/,
  )
  assert.equal(job.attempt, 3)
  const { items } = await deployment.client.jobs.logs(job.id, { tail: '1' })
  assert.equal(items[0]?.line, `failed: crashed: ${job.failure.message}`)
  await assertSameWeights(await deployment.waitForEnd(next))
})

async function environmentOf(pid: number): Promise<NodeJS.ProcessEnv> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').filter(Boolean)
  const entries = pairs.map(pair => [
    pair.slice(0, pair.indexOf('=')),
    pair.slice(pair.indexOf('=') + 1),
  ])
  // without the channel to the supervisor, which belongs to the other worker
  const { NODE_CHANNEL_FD: _, ...environment } = Object.fromEntries(entries)
  return environment
}
