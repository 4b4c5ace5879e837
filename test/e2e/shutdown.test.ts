import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { socketFolder } from '../../src/supervisor/folder-lock.js'
import { findDescendants, findProcessesOf } from '../../testing/processes.js'
import { eventually, mnistSample, TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.uploadDataset('digits', await mnistSample(640))
})
after(() => deployment.close())

test('restarts in order cost a job no attempt, and leave nothing behind', async () => {
  const job = await deployment.client.submit({
    name: 'restarted',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 100_000, batchSize: 16, checkpointEvery: 100_000 },
  })
  // more often than a job that crashes is tried
  for (let restarts = 0; restarts < 4; restarts++) {
    await eventually(
      async () => (await deployment.client.job(job.id)).progress.step > 10 * (restarts + 1),
    )
    const worker = await deployment.pidOf('workers/worker.js')
    process.kill(worker, 'SIGTERM')
    await eventually(async () => (await deployment.attempts(job.id)).length === restarts + 2)
  }
  // a trainer in reserve is there too
  await eventually(
    async () => (await findDescendants(deployment.supervisor, 'workers/trainer.js')).length === 2,
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
    `each went on from where the one before had stopped: ${resumed}`,
  )
  assert.deepEqual(await findProcessesOf(deployment.folder), [])
  assert.deepEqual(await readdir(join(deployment.folder, '.staging')), [])
  assert.deepEqual(await readdir(sockets), [])

  await deployment.start()
  await eventually(async () => (await deployment.attempts(job.id)).length === 6)
})
