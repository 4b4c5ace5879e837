import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startServer } from '../../src/client/server.js'
import { isAlive, readStat } from '../../src/processes.js'
import { eventually } from '../../testing/eventually.js'
import { listSockets } from '../../testing/processes.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
})
after(() => deployment.close())

/** Each request opens a connection, so it fails if nothing listens on the address. */
const get = () =>
  fetch(`${deployment.url}/jobs`, {
    headers: { authorization: `Bearer ${deployment.key}`, connection: 'close' },
  })

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`requests between the end of an API process (${signal}) and the start of the next are answered`, async () => {
    const api = await deployment.pidOf('src/api/main.js')
    process.kill(api, signal)
    // gone from the process table: the supervisor knows, and hands it no more connections
    await eventually('the API process to end', () => readStat(api) === null, {
      timeoutMs: 60_000,
    })
    const answers = await Promise.all(Array.from({ length: 20 }, get))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    )
    assert.notEqual(await deployment.pidOf('src/api/main.js'), api)
  })
}

test('connections handed to an API process that dies before it reads them are answered by the next', async () => {
  const api = await deployment.pidOf('src/api/main.js')
  process.kill(api, 'SIGSTOP')
  const earlier = new Set(await listSockets(deployment.supervisor))
  const answers = Promise.all(Array.from({ length: 20 }, get))
  await eventually('the supervisor to accept 20 connections', async () => {
    const sockets = await listSockets(deployment.supervisor)
    return sockets.filter(socket => !earlier.has(socket)).length >= 20
  })
  process.kill(api, 'SIGKILL')
  assert.deepEqual(
    (await answers).map(({ status }) => status),
    Array(20).fill(200),
  )
})

test('requests during the graceful end of the API process are all answered', async () => {
  const api = await deployment.pidOf('src/api/main.js')
  process.kill(api, 'SIGTERM')
  const statuses = new Set<number>()
  await eventually(
    'the API process to end',
    async () => {
      statuses.add((await get()).status)
      return !isAlive(readStat(api))
    },
    { timeoutMs: 120_000, intervalMs: 0 },
  )
  assert.deepEqual([...statuses], [200])
})

test('a server whose address is in use does not start', async () => {
  const environment = { ...process.env, TRAINYARD_PORT: new URL(deployment.url).port }
  const starting = startServer(join(deployment.folder, 'other'), environment)
  await assert.rejects(starting, /exited with code 1/)
})
