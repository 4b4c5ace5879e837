import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import supertest from 'supertest'
import { JobRecords } from '../../src/jobs/record/records.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { forkApi, waitForListening } from '../../testing/api-process.js'
import { eventually } from '../../testing/eventually.js'
import { startRedis } from '../../testing/redis.js'
import { startAttempt } from '../../testing/running-job.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { smallJob, uploadDataset } from '../../testing/test-server.js'
import { eventTypes, messageIds, startReceiver } from './receiver.js'

async function startApi(t: TestContext, env: NodeJS.ProcessEnv) {
  const child = forkApi(env)
  t.after(() => child.kill('SIGKILL'))
  const url = await waitForListening(child)
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url, kill }
}

test('an API that is killed between the end of a job and its message sends it after a restart', async t => {
  const folder = await tempFolder(t)
  const redis = await startRedis(folder)
  t.after(() => redis.stop())
  const receiver = await startReceiver()
  t.after(() => receiver.close())
  const data = join(folder, 'data')
  const env = {
    TRAINYARD_DATA: data,
    TRAINYARD_WEBHOOKS: 'private',
    REDIS_URL: redis.url,
  }
  const first = await startApi(t, env)
  const key = (await readFile(join(data, 'key'), 'utf8')).trim()
  const api = supertest.agent(first.url).set('authorization', `Bearer ${key}`)
  await uploadDataset({ api } as Parameters<typeof uploadDataset>[0])
  const webhook = await api.post('/webhooks').send({ url: receiver.url })
  assert.equal(webhook.status, 201, webhook.text)
  const { id } = (await api.post('/jobs').send(smallJob)).body
  // wait until the result is stored: a server that dies earlier must send again
  const log = () => api.get(`/webhooks/${webhook.body.id}/deliveries`)
  await eventually(
    'the first message to be delivered',
    async () => (await log()).body.items[0]?.status === 'delivered',
  )
  await first.kill()

  const store = await openFolderStore(data)
  const attempt = await startAttempt(store, id)
  await new JobRecords(store).finish(id, {
    status: 'failed',
    finishedAt: new Date().toISOString(),
    attempt,
    model: null,
    metrics: {},
    failure: { code: 'nan_loss', message: 'the loss is not a number' },
  })
  await startApi(t, env)
  await receiver.waitForCount(3)
  assert.deepEqual(eventTypes(receiver.received), ['job.queued', 'job.running', 'job.failed'])
  assert.equal(new Set(messageIds(receiver.received)).size, 3)
  assert.equal((await stat(join(data, 'webhook-secret'))).mode & 0o777, 0o600)
})
