import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runFolder } from '../../src/supervisor/folder-lock.js'
import { findProcesses, processesWith } from '../../testing/processes.js'
import { someDigits, until, Yard } from '../../testing/test-deployment.js'

let yard: Yard
before(async () => {
  yard = await Yard.open()
  await yard.client.uploadDataset('digits', await someDigits(640))
})
after(() => yard.close())

test('restarts in order cost a job no attempt, and leave nothing behind', async () => {
  const job = await yard.client.submit({
    name: 'restarted',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 100_000, batchSize: 16, snapshotEvery: 100_000 },
  })
  // more often than a job that crashes is tried
  for (let restarts = 0; restarts < 4; restarts++) {
    await until(async () => (await yard.client.job(job.id)).progress.step > 10 * (restarts + 1))
    const worker = await yard.process('workers/worker.js')
    process.kill(worker, 'SIGTERM')
    await until(async () => (await yard.attempts(job.id)).length === restarts + 2)
  }
  // a trainer in reserve is there too
  await until(async () => (await findProcesses(yard.supervisor, 'workers/trainer.js')).length === 2)
  const sockets = await runFolder(yard.folder)
  await yard.stop()

  const attempts = await yard.attempts(job.id)
  assert.deepEqual(
    attempts.map(({ end }) => end),
    Array(5).fill('drained'),
  )
  const resumed = attempts.map(({ resumedFrom }) => resumedFrom)
  assert.ok(
    resumed.every((step, i) => i === 0 || step > resumed[i - 1]!),
    `each went on from where the one before had stopped: ${resumed}`,
  )
  assert.deepEqual(await processesWith(yard.folder), [])
  assert.deepEqual(await readdir(join(yard.folder, '.staging')), [])
  assert.deepEqual(await readdir(sockets), [])

  await yard.start()
  await until(async () => (await yard.attempts(job.id)).length === 6)
})
