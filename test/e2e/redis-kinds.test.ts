// APIs and workers of several hosts with one Redis, as operators run it; all servers are real, on loopback.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { eventually } from '../../testing/eventually.js'
import { type ApiHost, startApi, startWorker } from '../../testing/host.js'
import {
  makeCertificates,
  needsValkey,
  startRedisServer,
  valkeyServer,
} from '../../testing/redis-servers.js'
import { tempFolder } from '../../testing/temp-folder.js'

const rows = Array.from({ length: 60 }, (_, i) => `${i},${i % 7},${(i * 3) % 11}`)

async function pushTable({ url, key }: ApiHost): Promise<void> {
  const form = new FormData()
  form.set('name', 'numbers')
  form.set('target', 'y')
  form.append('file', new Blob([`a,b,y\n${rows.join('\n')}\n`]), 'numbers.csv')
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${url}/datasets`, { method: 'POST', headers, body: form })
  assert.equal(answer.status, 201, await answer.text())
}

const request = {
  model: { kind: 'boosting' as const, objective: 'regression' as const, rounds: 3 },
  dataset: 'numbers',
}

const patience = { timeoutMs: 120_000, intervalMs: 100 }

async function trains({ client }: ApiHost): Promise<void> {
  const { id } = await client.jobs.submit(request)
  const job = await eventually(
    'the end of a job',
    async () => {
      const found = await client.jobs.get(id).catch(() => null)
      return found?.finishedAt ? found : null
    },
    patience,
  )
  assert.equal(job.status, 'succeeded', job.failure?.message)
}

const settings = <R extends NodeJS.ProcessEnv>(folder: string, redis: R) => ({
  ...redis,
  TRAINYARD_DATA: join(folder, 'data'),
  TRAINYARD_SPARE_TRAINERS: 'off',
  TRAINYARD_LOCK_MS: '6000',
})

test('a Redis with a password and TLS of an own authority serves an API and a worker', async t => {
  const folder = await tempFolder(t)
  const tls = await makeCertificates(folder)
  const { port } = await startRedisServer(t, folder, { tls, password: 'secret' })
  const url = `rediss://:secret@127.0.0.1:${port}`
  const environment = settings(folder, { REDIS_URL: url, TRAINYARD_REDIS_CA: tls.ca })
  const api = await startApi(t, environment)
  await pushTable(api)
  startWorker(t, environment)
  await trains(api)

  // without the authority, nobody would know who answers
  const { TRAINYARD_REDIS_CA: _, ...without } = environment
  const stranger = startWorker(t, { ...without, TRAINYARD_LOG_LEVEL: 'warn' })
  await eventually('the reason', () => /self-signed certificate/.test(stranger.output()))
})

test('after Sentinel has made a replica the master, an API and a worker go on with it', async t => {
  const folder = await tempFolder(t)
  const password = 'secret'
  const master = await startRedisServer(t, folder, { password })
  const replica = await startRedisServer(t, folder, {
    password,
    lines: [`replicaof 127.0.0.1 ${master.port}`],
  })
  const sentinel = await startRedisServer(t, folder, {
    sentinel: true,
    password: 'sentinel-secret',
    lines: [
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass mymaster ${password}`,
      'sentinel down-after-milliseconds mymaster 1000',
      'sentinel failover-timeout mymaster 5000',
    ],
  })
  const environment = settings(folder, {
    REDIS_URL: `redis://:${password}@mymaster`,
    TRAINYARD_REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`,
    TRAINYARD_REDIS_SENTINEL_PASSWORD: 'sentinel-secret',
  })
  const api = await startApi(t, environment)
  await pushTable(api)
  startWorker(t, environment)
  await trains(api)

  const second = new Redis({ host: '127.0.0.1', port: replica.port, password })
  t.after(() => second.disconnect())
  // it asks about replicas every ten seconds
  const known = new Redis({ host: '127.0.0.1', port: sentinel.port, password: 'sentinel-secret' })
  t.after(() => known.disconnect())
  const knowsReplica = async () =>
    ((await known.call('SENTINEL', 'replicas', 'mymaster')) as unknown[]).length === 1
  await eventually('Sentinel to know the replica', knowsReplica, patience)
  master.kill()
  const isMaster = async () => /^role:master/m.test(await second.info('replication'))
  await eventually('the failover', isMaster, patience)
  await trains(api)
})

test('Valkey serves an API and a worker', needsValkey, async t => {
  const folder = await tempFolder(t)
  const { port } = await startRedisServer(t, folder, { program: await valkeyServer() })
  const environment = settings(folder, { REDIS_URL: `redis://127.0.0.1:${port}` })
  const api = await startApi(t, environment)
  await pushTable(api)
  startWorker(t, environment)
  await trains(api)
  const headers = { authorization: `Bearer ${api.key}` }
  const answer = await fetch(`${api.url}/server`, { headers })
  const { redis } = (await answer.json()) as { redis: { version: string } }
  assert.match(redis.version, /^Valkey \d+\.\d+/)
})

test('a Redis Cluster is refused at start, with the reason', async t => {
  const folder = await tempFolder(t)
  const { port } = await startRedisServer(t, folder, { lines: ['cluster-enabled yes'] })
  const admin = new Redis({ host: '127.0.0.1', port })
  t.after(() => admin.disconnect())
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await eventually('the cluster', async () =>
    /cluster_state:ok/.test(String(await admin.call('CLUSTER', 'INFO'))),
  )
  const environment = settings(folder, { REDIS_URL: `redis://127.0.0.1:${port}` })
  const worker = startWorker(t, environment)
  await eventually('the end of the worker', () => worker.child.exitCode !== null)
  assert.match(worker.output(), /Redis Cluster, which is not supported/)
  await assert.rejects(startApi(t, environment), /exit code 1/)
})
