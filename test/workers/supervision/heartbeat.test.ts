import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { TrainingTotals } from '../../../src/jobs/queue/training-totals.js'
import { type WorkerOrder, WorkerReports } from '../../../src/jobs/queue/worker-reports.js'
import { usageOf } from '../../../src/processes.js'
import { eventually } from '../../../testing/eventually.js'
import { startRedis, type TestRedis } from '../../../testing/redis.js'
import { workerReport } from '../../../testing/worker-report.js'
import { Heartbeat } from '../../../workers/supervision/heartbeat.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'
import { TrainerUsage } from '../../../workers/supervision/trainer-usage.js'

let folder: string
let server: TestRedis
let redis: Redis
let reports: WorkerReports
const orders: WorkerOrder[] = []
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heartbeat-'))
  server = await startRedis(folder)
  redis = connect(server, blockingOptions, () => {})
  reports = new WorkerReports(redis, server.prefix)
})
after(async () => {
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

const beating = () =>
  new Heartbeat({
    reports,
    totals: new TrainingTotals(redis, server.prefix),
    slots: { report: () => workerReport().slots },
    consumer: { isDraining: false },
    memory: new MemoryBudget(2 ** 30, 2 ** 31),
    profile: {
      version: '0.0.0',
      cores: 4,
      labels: ['ssd'],
      features: ['resources'],
      engineGpus: 0,
      gangProblem: null,
      node: process.version,
      engines: null,
      store: 'data folder',
    },
    onOrder: order => orders.push(order),
    diskProblem: async () => 'the disk of the data folder is full (0 MB free)',
    readGpus: async () => workerReport().gpus,
  })

test('a worker is listed while it reports, also after Redis was wiped, and not after its end', async t => {
  const heartbeat = beating()
  t.after(() => heartbeat.close())
  const listed = async () => (await reports.read()).find(({ pid }) => pid === process.pid)
  const withGpus = async () => {
    const found = await listed()
    return found?.gpus.length === 1 && found
  }
  const worker = await eventually('a report with GPUs', withGpus)
  assert.equal(worker.slots.length, 2)
  assert.equal(worker.gpus[0]?.utilization, 0.75)
  assert.deepEqual(worker.memory, {
    limitBytes: 2 ** 30,
    reservedBytes: 0,
    totalBytes: 2 ** 31,
  })
  assert.match(worker.diskProblem!, /full/)
  assert.ok(worker.residentBytes > 1e6 && worker.cpuSeconds > 0)
  await redis.flushall()
  await eventually('the next report', async () => (await listed()) !== undefined)
  await heartbeat.close()
  assert.equal(await listed(), undefined)
})

test('a worker that stops reporting expires, and a report that cannot be understood is passed over', async () => {
  await reports.publish(workerReport({ id: 'silent', host: 'a' }))
  await reports.publish(workerReport({ id: 'alive', host: 'b' }))
  await redis.sadd(`{${server.prefix}}:workers`, 'newer')
  await redis.set(`{${server.prefix}}:worker:newer`, '{"id":"newer"}')
  assert.deepEqual(
    (await reports.read()).map(({ id }) => id),
    ['silent', 'alive'],
  )
  assert.ok((await redis.ttl(`{${server.prefix}}:worker:silent`)) > 0)
  await redis.del(`{${server.prefix}}:worker:silent`)
  assert.deepEqual(
    (await reports.read()).map(({ id }) => id),
    ['alive'],
  )
})

test('a Redis that refuses to write gives no order, and the time is known without it', async t => {
  await redis.config('SET', 'min-replicas-to-write', '1')
  t.after(() => redis.config('SET', 'min-replicas-to-write', '0'))
  await assert.rejects(redis.set('x', 1), /NOREPLICAS/)
  orders.length = 0
  const heartbeat = beating()
  t.after(() => heartbeat.close())
  const { order, clockOffsetSeconds } = await reports.publish(workerReport({ id: 'refused' }))
  assert.equal(order, null)
  assert.ok(Math.abs(clockOffsetSeconds!) < 1)
  await redis.config('SET', 'min-replicas-to-write', '0')
  await eventually('a report again', async () => (await reports.read()).length > 0)
  assert.deepEqual(orders, [])
})

test('the processor time of a slot never falls when one trainer follows another', async () => {
  const script = join(folder, 'busy.js')
  await writeFile(script, 'for (;;);')
  const usage = new TrainerUsage()
  assert.deepEqual(usage.read(), { cpuSeconds: 0, residentBytes: 0 })
  let before = 0
  for (const _trainer of ['first', 'second']) {
    const child = fork(script)
    const exit = once(child, 'exit') as unknown as Parameters<TrainerUsage['follow']>[0]['exit']
    usage.follow({ usage: () => usageOf(child.pid!), exit })
    const grown = () => usage.read().cpuSeconds >= before + 0.1 && usage.read().residentBytes > 1e6
    await eventually('processor time', grown)
    before = usage.read().cpuSeconds
    child.kill('SIGKILL')
    await exit
    await eventually('the end', () => usage.read().residentBytes === 0)
    assert.ok(usage.read().cpuSeconds >= before)
  }
})
