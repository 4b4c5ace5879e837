import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { WorkerReports } from '../../src/jobs/queue/worker-reports.js'
import { ownProcessId } from '../../src/processes.js'
import type { Worker } from '../../src/spec/worker.js'
import { startRedis } from '../../testing/redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

const script = fileURLToPath(new URL('../../workers/health.js', import.meta.url))

const report = (id: string): Worker => ({
  id,
  host: 'here',
  pid: 1,
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
  draining: false,
  slots: [{ job: null, gpu: null, cpuSeconds: 0, residentBytes: 0 }],
  memory: { limitBytes: null, reservedBytes: 0 },
  diskProblem: null,
  gpus: [],
  cpuSeconds: 0,
  residentBytes: 0,
  eventLoopDelaySeconds: 0,
})

test('a worker is healthy while it reports to Redis, and is not checked without Redis', {
  skip: process.platform !== 'linux',
}, async t => {
  const server = await startRedis(await tempFolder(t))
  t.after(() => server.stop())
  const redis = new Redis(server.connection)
  t.after(() => redis.disconnect())
  const reports = new WorkerReports(redis, 'trainyard')
  const check = async (REDIS_URL = server.url) => {
    const env = { ...process.env, REDIS_URL, TRAINYARD_REDIS_PREFIX: 'trainyard' }
    const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    return `${code}: ${output.trim()}`
  }
  await reports.publish(report('0123456789ab-1-1'))
  assert.equal(await check(), '1: no worker of this host reports to Redis')
  await reports.publish(report(ownProcessId))
  assert.equal(await check(), '0: the worker reports to Redis; running jobs: 0')
  assert.match(
    await check('unix:///nowhere.sock'),
    /^0: Redis does not answer \(.*\), so the worker/,
  )
})
