// TensorFlow divides sums by its number of threads, so a network that goes on elsewhere takes the number along.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { scriptPath } from '../../../src/places.js'
import { eventually, within } from '../../../testing/eventually.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { LocalExecutor } from '../../../workers/executors/local-executor.js'
import { WorkerWithExecutor } from './worker-with-executor.js'

const patience = { timeoutMs: 120_000 }
const training = { steps: 200, checkpointEvery: 20, logEvery: 1 }

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server, 'shades', 400)
})
after(() => server.close())

async function withWorker<T>(
  cores: number,
  work: (worker: WorkerWithExecutor) => Promise<T>,
): Promise<T> {
  const environment = {
    ...process.env,
    TRAINYARD_DATA: `${server.folder}/data`,
    REDIS_URL: server.redis.url,
    TRAINYARD_REDIS_PREFIX: server.redis.prefix,
    ...engineEnvironment({ cores }),
  }
  const local = new LocalExecutor(scriptPath('workers/trainer'))
  const worker = new WorkerWithExecutor(server, local, environment, { keepsSpare: true })
  try {
    return await work(worker)
  } finally {
    await worker.close()
  }
}

async function runToEnd(worker: WorkerWithExecutor, id: string): Promise<Buffer> {
  assert.equal(await within('the job', worker.run(id).done, patience), 'done')
  const { status, failure } = await worker.job(id)
  assert.equal(status, 'succeeded', `${JSON.stringify(failure)}\n${await worker.log(id)}`)
  return worker.weights(id)
}

test('a network that goes on with a worker of more cores ends with the same weights', async () => {
  const undisturbed = await withWorker(1, async worker =>
    runToEnd(worker, await worker.submit(training)),
  )
  const id = await withWorker(1, async worker => {
    const id = await worker.submit(training)
    const { runner, done } = worker.run(id)
    await eventually('step 60', async () => (await worker.step(id)) >= 60, patience)
    await server.api.post(`/jobs/${id}/pause`)
    await runner.pollRequests()
    await within('the pause', done, patience)
    assert.equal((await worker.job(id)).status, 'paused')
    return id
  })
  await server.api.post(`/jobs/${id}/resume`)
  const moved = await withWorker(3, worker => runToEnd(worker, id))
  assert.ok(moved.equals(undisturbed))
})
