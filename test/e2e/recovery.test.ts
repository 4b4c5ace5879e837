import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { glance, lives } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { someDigits, until, Yard } from '../../testing/test-deployment.js'

let yard: Yard
let calm: Job
before(async () => {
  yard = await Yard.open({ TRAINYARD_LOCK_MS: '6000' })
  await yard.client.uploadDataset('digits', await someDigits(1280))
  calm = await yard.train(request('calm'))
})
after(() => yard.close())

/** Slow enough to be caught in the middle. */
const request = (name: string): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 400, batchSize: 16, snapshotEvery: 100 },
})

/** Trains a job, and once it is at step 150 does something to it. */
async function disturbed(name: string, disturb: (id: string) => Promise<void>): Promise<Job> {
  let begun = false
  const job = await yard.client.submit(request(name))
  const ended = await yard.finish(job, async step => {
    if (step < 150 || begun) return
    begun = true
    await disturb(job.id)
  })
  assert.ok(begun)
  return ended
}

async function endsAlike(job: Job): Promise<void> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  assert.ok((await yard.weights(job)).equals(await yard.weights(calm)), 'the weights differ')
}

const runs = (pid: number) => lives(glance(pid))

test('a worker is killed, its trainer stopped: the trainer ends, and the job goes on to the same bytes', async () => {
  let trainer = 0
  const job = await disturbed('worker-killed', async () => {
    trainer = await yard.trainer()
    process.kill(trainer, 'SIGSTOP')
    process.kill(await yard.process('workers/worker.js'), 'SIGKILL')
  })
  assert.equal(job.attempt, 2)
  assert.ok(!runs(trainer), 'its stopped trainer is left')
  await endsAlike(job)
})

test('a trainer that is stopped is found and replaced', async () => {
  const job = await disturbed('trainer-stopped', async () => {
    process.kill(await yard.trainer(), 'SIGSTOP')
  })
  assert.equal(job.attempt, 2)
  await endsAlike(job)
})

test('a worker that was stopped finds its job taken, ends its trainer, and serves the queue again', async t => {
  let other: ReturnType<typeof fork> | undefined
  t.after(async () => {
    if (!other) return
    other.kill('SIGTERM')
    await once(other, 'exit')
  })
  const stopped = { worker: 0, trainer: 0 }
  const job = await disturbed('worker-stopped', async id => {
    stopped.worker = await yard.process('workers/worker.js')
    stopped.trainer = await yard.trainer()
    // it lives: only its lock, not its death, may give the job away
    process.kill(stopped.trainer, 'SIGSTOP')
    process.kill(stopped.worker, 'SIGSTOP')
    other = fork(fileURLToPath(new URL('../../workers/worker.js', import.meta.url)), [], {
      env: await environmentOf(stopped.worker),
      detached: true,
    })
    await until(async () => (await yard.attempts(id)).length === 2)
    assert.equal(glance(stopped.trainer)?.state, 'T', 'a living worker lost its trainer')
    process.kill(stopped.worker, 'SIGCONT')
    await until(() => !runs(stopped.trainer))
  })
  assert.equal(job.attempt, 2)
  await endsAlike(job)
  other!.kill('SIGTERM')
  await once(other!, 'exit')
  other = undefined
  assert.ok(runs(stopped.worker), 'the worker that was stopped has ended')
  await endsAlike(await yard.train(request('afterwards')))
})

test('a job whose trainer crashes again and again fails, and the next one trains', async () => {
  const endless = { steps: 100_000, snapshotEvery: 100_000, batchSize: 32 }
  const crashing = await yard.client.submit({ ...request('crashing'), training: endless })
  const next = await yard.client.submit(request('next'))
  const dead = new Set<number>()
  let job = crashing
  await until(async () => {
    job = await yard.client.job(crashing.id)
    if (job.phase === 'training') {
      // null: it has ended, and the next is not there yet
      const trainer = await yard.trainer().catch(() => null)
      // what native code does that reads where it may not
      if (trainer !== null && !dead.has(trainer)) process.kill(trainer, 'SIGSEGV')
      if (trainer !== null) dead.add(trainer)
    }
    return job.status === 'failed'
  })
  assert.equal(job.failure?.code, 'no_progress')
  assert.match(job.failure.message, /^3 attempts ended without a new checkpoint.*SIGSEGV/)
  const { items } = await yard.client.logs(job.id, { tail: '1' })
  assert.equal(items[0]?.line, `failed: no_progress: ${job.failure.message}`)
  await endsAlike(await yard.finish(next))
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
