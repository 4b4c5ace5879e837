import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAlive, readStat } from '../../src/processes.js'
import { startServer } from '../../src/supervisor/start-server.js'
import { eventually, within } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const apiScript = 'src/api/main.js'

let output = ''
let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open(
    { TRAINYARD_LOG_LEVEL: 'warn', TRAINYARD_PREDICTION_WAIT_MS: '30000' },
    text => {
      output += text
    },
  )
})
after(() => deployment.close())

/** Each request opens a connection, so it fails if nothing listens on the address. */
const get = (path = '/jobs') =>
  fetch(deployment.url + path, {
    headers: { authorization: `Bearer ${deployment.key}`, connection: 'close' },
  })

/** Sends 20 requests and returns the promise of their statuses after the kernel has all connections. */
async function sendToKernel(): Promise<{ statuses: Promise<number[]> }> {
  const statuses = Promise.all(Array.from({ length: 20 }, async () => (await get()).status))
  const waiting = () => connectionsWaiting(Number(new URL(deployment.url).port))
  await eventually('20 connections to wait in the kernel', async () => (await waiting()) >= 20)
  return { statuses }
}

/** Connections to a port of 127.0.0.1 that nobody has accepted. */
async function connectionsWaiting(port: number): Promise<number> {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n')) {
    const [, local, , state, queues] = line.trim().split(/\s+/)
    // of a listening socket (0A), the receive queue is the number of connections
    if (local === address && state === '0A') return Number.parseInt(queues!.split(':')[1]!, 16)
  }
  return 0
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`requests between the end of an API process (${signal}) and the start of the next are answered`, async () => {
    const api = await deployment.pidOf(apiScript)
    process.kill(api, signal)
    await eventually('the API process to end', () => readStat(api) === null, {
      timeoutMs: 60_000,
    })
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    )
    assert.notEqual(await deployment.pidOf(apiScript), api)
  })
}

test('a stopped API process is replaced, and connections that wait for it are answered by the next', async t => {
  const api = await deployment.pidOf(apiScript)
  const since = performance.now()
  process.kill(api, 'SIGSTOP')
  const { statuses } = await sendToKernel()
  assert.deepEqual(await statuses, Array(20).fill(200))
  t.diagnostic(`answered ${Math.round(performance.now() - since)} ms after the stop`)
  assert.notEqual(await deployment.pidOf(apiScript), api)
  assert.match(output, /the api ended \(killed, since it was stopped for 1 s\)/)
  const metrics = await (await get('/metrics')).text()
  assert.match(metrics, /^trainyard_restarts_total\{process="api"\} 3$/m)
  assert.match(metrics, /^trainyard_event_loop_longest_seconds 0\.\d*[1-9]/m)
})

test('connections that wait for an API process which is killed are answered by the next', async () => {
  const api = await deployment.pidOf(apiScript)
  process.kill(api, 'SIGSTOP')
  const { statuses } = await sendToKernel()
  process.kill(api, 'SIGKILL')
  assert.deepEqual(await statuses, Array(20).fill(200))
})

test('requests during the graceful end of the API process are all answered', async () => {
  const api = await deployment.pidOf(apiScript)
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

test('of 200 predictions a second during a restart of the API process, none is refused and none is wrong', async t => {
  await deployment.client.datasets.push('digits-to-predict', await mnistSample(320))
  const job = await deployment.train({
    name: 'restarted',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits-to-predict',
    training: { steps: 2, batchSize: 16 },
  })
  assert.equal(job.status, 'succeeded')
  const predict = (seed: number) =>
    fetch(`${deployment.url}/models/restarted/predict`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${deployment.key}`,
        connection: 'close',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        instances: [Array.from({ length: 784 }, (_, i) => (i * 7 + seed * 31) % 256)],
      }),
    }).then(async answer => {
      if (answer.status !== 200) return `${answer.status}: ${await answer.text()}`
      const { predictions } = (await answer.json()) as { predictions: unknown[] }
      return JSON.stringify(predictions)
    }, String)
  const expected: string[] = []
  for (let seed = 0; seed < 10; seed++) expected.push(await predict(seed))
  assert.ok(
    expected.every(answer => answer.startsWith('[{')),
    expected[0],
  )

  const api = await deployment.pidOf(apiScript)
  const answers: Promise<string>[] = []
  const timer = setInterval(() => answers.push(predict(answers.length % 10)), 5)
  try {
    await eventually('predictions before the restart', () => answers.length >= 100)
    process.kill(api, 'SIGTERM')
    await eventually('the API process to end', () => !isAlive(readStat(api)), {
      timeoutMs: 120_000,
    })
    const atEnd = answers.length
    await get()
    await eventually('predictions after the restart', () => answers.length >= atEnd + 100)
  } finally {
    clearInterval(timer)
  }
  const found = await within('all predictions to be answered', Promise.all(answers), {
    timeoutMs: 120_000,
  })
  t.diagnostic(`${found.length} predictions`)
  for (const [i, answer] of found.entries())
    assert.equal(answer, expected[i % 10], `prediction ${i}`)
})

test('while the supervisor is stopped the API serves, and says that nothing is restarted', async () => {
  const { supervisor } = deployment
  process.kill(supervisor, 'SIGSTOP')
  try {
    await eventually('the warning', () => output.includes(`kill -CONT ${supervisor}`))
    assert.equal((await get()).status, 200)
  } finally {
    process.kill(supervisor, 'SIGCONT')
  }
})

// the full size, 5,000 followers, is a case of `npm run chaos -- --api`
test('after crowds of followers that read nothing and leave at once, every new connection is answered', async t => {
  await deployment.client.datasets.push('digits', await mnistSample(320))
  const job = await deployment.client.jobs.submit({
    name: 'followed',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 100_000, batchSize: 16, checkpointEvery: 100_000 },
  })
  const api = await deployment.pidOf(apiScript)
  let slowest = 0
  for (let burst = 0; burst < 3; burst++) {
    const followers = await Promise.all(Array.from({ length: 500 }, () => follow(job.id)))
    for (const follower of followers) follower.destroy()
    const answers = Array.from({ length: 50 }, async () => {
      const since = performance.now()
      const { status } = await get('/healthz')
      slowest = Math.max(slowest, performance.now() - since)
      return status
    })
    const statuses = await within('all new connections to be answered', Promise.all(answers))
    assert.deepEqual(statuses, Array(50).fill(200))
  }
  t.diagnostic(`the slowest answer took ${Math.round(slowest)} ms`)
  assert.equal(await deployment.pidOf(apiScript), api, 'the API was restarted')
  await deployment.client.jobs.act(job.id, 'cancel')
})

/** A connection that follows the job and reads nothing. Resolves when the request is sent. */
async function follow(id: string): Promise<Socket> {
  const { hostname, port } = new URL(deployment.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  await once(socket, 'connect')
  const request = `GET /jobs/${id}/metrics HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/event-stream\r\nauthorization: Bearer ${deployment.key}\r\n\r\n`
  await new Promise<void>(resolve => socket.write(request, () => resolve()))
  return socket
}

test('no file of the data folder is open to other users', async () => {
  const names = await readdir(deployment.folder, { recursive: true })
  assert.ok(names.some(name => /metrics/.test(name)))
  for (const name of names) {
    const { mode } = await stat(join(deployment.folder, name)).catch(() => ({ mode: 0 }))
    assert.equal(mode & 0o077, 0, `${name} has mode ${(mode & 0o7777).toString(8)}`)
  }
})

test('a server whose address is in use does not start, and says so in one line', async () => {
  const environment = { ...process.env, TRAINYARD_PORT: new URL(deployment.url).port }
  let printed = ''
  const starting = startServer(join(deployment.folder, 'other'), environment, text => {
    printed += text
  })
  await assert.rejects(starting, /exited with code 1/)
  assert.match(
    printed,
    /^trainyard: cannot listen on 127\.0\.0\.1, port \d+ \(EADDRINUSE\); choose others with TRAINYARD_HOST and TRAINYARD_PORT\n$/,
  )
})
