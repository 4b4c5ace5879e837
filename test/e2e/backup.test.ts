import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const run = promisify(execFile)
const backupScript = fileURLToPath(new URL('../../src/supervisor/backup.js', import.meta.url))

test('a copy of the data folder that is made while jobs run starts as a server that knows all of them', async t => {
  const deployment = await TestDeployment.open()
  t.after(() => deployment.close())
  const { client } = deployment
  await client.datasets.push('digits', await mnistSample(640))
  const request = (name: string, steps: number) => ({
    name,
    model: { kind: 'resnet' as const, blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps, batchSize: 16, checkpointEvery: 10 },
  })
  const trained = await deployment.train(request('trained', 20))
  const running = await client.jobs.submit(request('running', 100_000))
  const idempotencyKey = 'one-job'
  const queued = await client.jobs.submit(request('queued', 50), { idempotencyKey })
  const paused = await client.jobs.submit(request('paused', 50))
  await client.jobs.act(paused.id, 'pause')
  const checkpoints = join(deployment.folder, 'jobs', running.id, 'checkpoints')
  await eventually('a checkpoint of the running job', async () => {
    const names = await readdir(checkpoints).catch((): string[] => [])
    return names.some(name => Number(name) >= 20)
  })

  const target = join(await tempFolder(t), 'copy')
  const env = { ...process.env, TRAINYARD_DATA: deployment.folder }
  const { stdout } = await run(process.execPath, [backupScript, target], { env })
  assert.match(stdout, /copied [\d,]+ files of \S+, [\d.]+ MB, to \S+copy in/)
  await deployment.stop()

  const restored = await TestDeployment.open({}, undefined, target)
  t.after(() => restored.close())
  assert.equal(restored.key, (await readFile(join(target, 'key'), 'utf8')).trim())
  const resumed = await eventually('the running job to go on', async () => {
    const job = await restored.client.jobs.get(running.id)
    const isRecorded = job.attempt === 2 && job.progress.resumedFrom !== null
    return job.status === 'running' && isRecorded && job
  })
  assert.ok(resumed.progress.resumedFrom! >= 20, `resumed from ${resumed.progress.resumedFrom}`)
  const { items, damaged } = await restored.client.jobs.list()
  assert.deepEqual(damaged, [])
  const statuses = Object.fromEntries(items.map(({ name, status }) => [name, status]))
  const { queued: statusOfQueued, ...others } = statuses
  assert.deepEqual(others, { trained: 'succeeded', running: 'running', paused: 'paused' })
  // it may have been trained before the worker took the interrupted job up again
  assert.match(statusOfQueued!, /^(queued|running|succeeded)$/)
  assert.deepEqual(await restored.client.jobs.get(trained.id), trained)
  assert.equal((await restored.client.models.get('trained')).jobId, trained.id)
  const again = await restored.client.jobs.submit(request('queued', 50), { idempotencyKey })
  assert.equal(again.id, queued.id)
})
