// Connections to Redis stop delivering without being closed, as when a network drops packets. The
// second test waits until the watchdog acts, about 25 s.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RedisProxy } from '../../chaos/redis-proxy.js'
import type { JobRequest } from '../../src/spec/job.js'
import { EmbeddedRedis } from '../../src/supervisor/embedded-redis.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let folder: string
let redis: EmbeddedRedis
let proxy: RedisProxy
let deployment: TestDeployment
let printed = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-watchdog-'))
  redis = await EmbeddedRedis.open(folder)
  proxy = await RedisProxy.open(redis.url)
  deployment = await TestDeployment.open({ REDIS_URL: proxy.url, TRAINYARD_SLOTS: '1' }, text => {
    printed += text
  })
  await deployment.client.datasets.push('digits', await mnistSample(640))
  await trainSuccessfully('first')
})
after(async () => {
  proxy.heal()
  await deployment.close()
  await proxy.close()
  await redis.stop()
  await rm(folder, { recursive: true })
})

const request = (name: string): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 20, batchSize: 16 },
})

async function trainSuccessfully(name: string): Promise<void> {
  const job = await deployment.train(request(name))
  assert.equal(job.status, 'succeeded', job.failure?.message)
}

const worker = () => deployment.pidOf('workers/worker.js')

test('a worker that is told of no jobs because its connection is dead looks for them, and goes on', async t => {
  const before = await worker()
  // the API has two of them
  assert.equal(proxy.stallMatching('psubscribe'), 3)
  const since = performance.now()
  await trainSuccessfully('after-a-dead-connection-for-messages')
  t.diagnostic(`succeeded after ${Math.round(performance.now() - since)} ms`)
  assert.equal(await worker(), before, 'the worker was restarted')
})

test('a worker that gets no jobs because its connection is dead is restarted', async t => {
  const before = await worker()
  // only the connection that fetches jobs asks for stalled ones
  assert.equal(proxy.stallMatching('stalled-check'), 1)
  const since = performance.now()
  await trainSuccessfully('after-a-dead-fetching-connection')
  t.diagnostic(`succeeded after ${Math.round(performance.now() - since)} ms`)
  await eventually('the next worker', async () => (await worker()) !== before)
  assert.match(printed, /jobs are queued and slots are free, but BullMQ delivers nothing/)
  assert.match(printed, /the worker ended \(exit code 75\)/)
})
