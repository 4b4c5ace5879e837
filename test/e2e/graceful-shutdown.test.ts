import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { socketFolder } from '../../src/supervisor/folder-lock.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { findDescendants, findProcessesOf } from '../../testing/processes.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(640))
})
after(() => deployment.close())

test('graceful restarts do not count as failed attempts, and leave no process or file behind', async () => {
  const job = await deployment.client.jobs.submit({
    name: 'restarted',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 100_000, batchSize: 16, checkpointEvery: 100_000 },
  })
  // more often than a crashing job is retried
  for (let restarts = 0; restarts < 4; restarts++) {
    // of this attempt: the one before has gone on until it was told to stop
    const trained = async () => {
      const last = (await deployment.attempts(job.id)).at(-1)
      return last ? (await deployment.client.jobs.get(job.id)).progress.step - last.resumedFrom : 0
    }
    await eventually('ten more steps', async () => (await trained()) > 10, { timeoutMs: 120_000 })
    const worker = await deployment.pidOf('workers/worker.js')
    process.kill(worker, 'SIGTERM')
    await eventually(
      `attempt ${restarts + 2}`,
      async () => (await deployment.attempts(job.id)).length === restarts + 2,
      { timeoutMs: 120_000 },
    )
  }
  // the spare trainer is there too
  await eventually(
    'two trainers',
    async () => (await findDescendants(deployment.supervisor, 'workers/trainer.js')).length === 2,
    { timeoutMs: 60_000 },
  )
  const sockets = await socketFolder(deployment.folder)
  await deployment.stop()

  const attempts = await deployment.attempts(job.id)
  assert.deepEqual(
    attempts.map(({ end }) => end),
    Array(5).fill('drained'),
  )
  const resumed = attempts.map(({ resumedFrom }) => resumedFrom)
  assert.ok(
    resumed.every((step, i) => i === 0 || step > resumed[i - 1]!),
    `each attempt resumes at a later step than the one before: ${resumed}`,
  )
  assert.deepEqual(await findProcessesOf(deployment.folder), [])
  assert.deepEqual(await readdir(join(deployment.folder, '.staging')), [])
  assert.deepEqual(await readdir(sockets), [])

  await deployment.start()
  await eventually(
    'the attempt after the start',
    async () => (await deployment.attempts(job.id)).length === 6,
    { timeoutMs: 120_000 },
  )
})
