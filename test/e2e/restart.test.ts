import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../../src/client/server.js'
import { isAlive, readStat } from '../../src/processes.js'
import { eventually, TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
})
after(() => deployment.close())

/** On a connection of its own: no earlier one hides whether the address is held. */
const get = () =>
  fetch(`${deployment.url}/jobs`, {
    headers: { authorization: `Bearer ${deployment.key}`, connection: 'close' },
  })

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`who comes between two APIs is answered by the second (${signal})`, async () => {
    const api = await deployment.pidOf('src/api/main.js')
    process.kill(api, signal)
    // until its parent knows: whom it was handed before went down with it
    await eventually(() => readStat(api) === null)
    const answers = await Promise.all(Array.from({ length: 20 }, get))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    )
    assert.notEqual(await deployment.pidOf('src/api/main.js'), api)
  })
}

test('who was handed to an API that dies before it looks is answered by the second', async () => {
  const api = await deployment.pidOf('src/api/main.js')
  process.kill(api, 'SIGSTOP')
  const answers = Promise.all(Array.from({ length: 20 }, get))
  await sleep(500)
  process.kill(api, 'SIGKILL')
  assert.deepEqual(
    (await answers).map(({ status }) => status),
    Array(20).fill(200),
  )
})

test('requests that come while the API ends in order are all answered', async () => {
  const api = await deployment.pidOf('src/api/main.js')
  process.kill(api, 'SIGTERM')
  let requestCount = 0
  while (isAlive(readStat(api))) {
    requestCount++
    assert.equal((await get()).status, 200)
  }
  assert.ok(requestCount > 0)
})

test('an address that is taken is named when the server does not start', async () => {
  const environment = { ...process.env, TRAINYARD_PORT: new URL(deployment.url).port }
  const starting = startServer(join(deployment.folder, 'other'), environment)
  await assert.rejects(starting, /ended with exit code 1/)
})
