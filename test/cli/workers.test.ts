// `trainyard workers` before a real server and Redis. Workers are what they report, and what they were asked to do.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { blockingOptions, connect } from '../../src/jobs/queue/redis.js'
import { WorkerReports } from '../../src/jobs/queue/worker-reports.js'
import type { Worker } from '../../src/spec/worker.js'
import { eventually } from '../../testing/eventually.js'
import { freePort } from '../../testing/free-port.js'
import { startServer, type TestServer } from '../../testing/test-server.js'
import { runCommand, startCommand } from '../../testing/trainyard-command.js'
import { workerReport } from '../../testing/worker-report.js'

let server: TestServer
let redis: Redis
let reports: WorkerReports
before(async () => {
  server = await startServer()
  redis = connect(server.redis, blockingOptions, () => {})
  reports = new WorkerReports(redis, server.redis.prefix)
})
after(async () => {
  redis.disconnect()
  await server.close()
})

const options = (url = server.url) => ({ url, key: server.key, home: server.folder })
const run = (...args: string[]) => runCommand(['workers', ...args], options())

const free = { job: null, gpu: null, cpuSeconds: 0, residentBytes: 0 }
const north = [41, 42].map(pid => workerReport({ id: `north-${pid}`, host: 'north', pid }))
const south = workerReport({ id: 'south-7', host: 'south', pid: 7, slots: [free], labels: [] })

/** The workers report, others are gone. Returns what each has been asked since its last report. */
async function report(...workers: readonly Worker[]) {
  const present = workers.map(({ id }) => id)
  for (const { id } of await reports.read()) if (!present.includes(id)) await reports.remove(id)
  const answers = await Promise.all(workers.map(each => reports.publish(each)))
  // the server remembers for a second whom it has seen
  await eventually('the list of the server', async () => {
    const { body } = await server.api.get('/workers')
    const seen = body.items as Worker[]
    return JSON.stringify(seen) === JSON.stringify(await reports.read())
  })
  return answers.map(({ order }) => order)
}

test('workers are listed with what their machines have, and JSON has all of it', async () => {
  await report(...north, south)
  const { code, stdout } = await run()
  assert.equal(code, 0)
  const lines = stdout.trim().split('\n')
  assert.match(lines[0]!, /^HOST +PROCESS +STATE +JOBS/)
  assert.match(lines[1]!, /^north +41 +takes jobs +1\/2 +8 .* 1 H100 +zone=a,ssd /)
  assert.match(lines[3]!, /^south +7 +takes jobs +0\/1 /)
  const json = await run('ls', '--json')
  assert.deepEqual(JSON.parse(json.stdout), await reports.read())
})

test('the state of a worker says why it takes no jobs', async () => {
  const [one, two] = north
  await report({ ...one!, draining: true }, { ...two!, diskProblem: 'the disk is full' })
  const { stdout } = await run('ls')
  assert.match(stdout, /^north +41 +draining /m)
  assert.match(stdout, /^north +42 +disk /m)
})

test('all workers of a host are drained and resumed, or one by its id', async () => {
  await report(...north, south)
  const host = await run('drain', 'north')
  assert.equal(host.code, 0, host.stderr)
  assert.equal(
    host.stdout,
    [41, 42]
      .map(
        pid =>
          `north (process ${pid}) takes no more jobs; its running jobs move to other workers.\n`,
      )
      .join(''),
  )
  assert.deepEqual(await report(...north, south), ['move', 'move', null])

  const one = await run('drain', 'north-42', '--finish')
  assert.match(
    one.stdout,
    /^north \(process 42\) takes no more jobs; its running jobs end there\.\n$/,
  )
  assert.deepEqual(await report(...north, south), [null, 'finish', null])

  const resumed = await run('resume', 'north', '--json')
  assert.deepEqual(
    (JSON.parse(resumed.stdout) as Worker[]).map(({ id }) => id),
    ['north-41', 'north-42'],
  )
  assert.deepEqual(await report(...north, south), ['resume', 'resume', null])
})

test('an unknown worker is refused with the hosts that there are, and without a name nobody is drained', async () => {
  for (const command of ['drain', 'resume']) {
    // neither a part of a host nor of an id names a worker
    for (const name of ['nort', 'north-4', 'south-70']) {
      // a report counts for seconds, which commands take on a busy machine
      assert.deepEqual(await report(...north, south), [null, null, null])
      const { code, stdout, stderr } = await run(command, name)
      assert.equal(code, exitCodes.notFound)
      assert.equal(stdout, '')
      assert.match(stderr, new RegExp(`is on a host '${name}' or has this id; hosts: north, south`))
    }
    assert.equal((await run(command)).code, exitCodes.usage)
  }
  assert.deepEqual(await report(...north, south), [null, null, null])
})

test('without any worker, the list says so, and none can be drained', async () => {
  await report()
  const list = await run()
  assert.deepEqual([list.code, list.stdout], [0, ''])
  assert.match(list.stderr, /No worker is alive\./)
  assert.equal((await run('ls', '--json')).stdout.trim(), '[]')
  const { code, stderr } = await run('drain', 'north')
  assert.equal(code, exitCodes.notFound)
  assert.match(stderr, /hosts: none/)
})

test('a server that is not there, and a wrong key, have their exit codes', async () => {
  const nowhere = options(`http://127.0.0.1:${await freePort()}`)
  const stranger = { ...options(), key: 'ty_0123456789abcdef' }
  for (const args of [['ls'], ['drain', 'north'], ['resume', 'north']]) {
    const lost = await runCommand(['workers', ...args], nowhere)
    assert.equal(lost.code, exitCodes.unreachable)
    assert.match(lost.stderr, /cannot reach http:\/\/127\.0\.0\.1:/)
    assert.equal((await runCommand(['workers', ...args], stranger)).code, exitCodes.notAllowed)
  }
})

/** Requests pass through it to the server, after `before` of each. */
async function startProxy(
  scope: { after(clean: () => void): void },
  before: (method: string, path: string) => unknown,
): Promise<string> {
  const proxy = createServer(async ({ method = '', url = '', headers }, answer) => {
    await before(method, url)
    const authorization = headers.authorization ?? ''
    const passed = await fetch(new URL(url, server.url), { method, headers: { authorization } })
    answer.writeHead(passed.status, { 'content-type': passed.headers.get('content-type')! })
    answer.end(Buffer.from(await passed.arrayBuffer()))
  })
  proxy.listen(0, '127.0.0.1')
  scope.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  await new Promise(resolve => proxy.once('listening', resolve))
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

test('a worker that ends while its host is drained keeps the others from nothing', async t => {
  await report(...north)
  const url = await startProxy(
    t,
    (_, path) => path.includes('north-41') && reports.remove('north-41'),
  )
  const drain = await runCommand(['workers', 'drain', 'north'], options(url))
  assert.equal(drain.code, 0, drain.stderr)
  assert.match(drain.stdout, /^north \(process 42\) [^\n]*\n$/)
  assert.deepEqual(await report(north[1]!), ['move'])
  // and if it was the only one, there is none
  await report(...north)
  const gone = await runCommand(['workers', 'drain', 'north-41'], options(url))
  assert.equal(gone.code, exitCodes.notFound, gone.stdout)
  assert.match(gone.stderr, /no worker that is alive/)
})

test('--wait ends when no job runs there, or the worker has ended', async t => {
  const [one, two] = north
  await report(one!, two!)
  let looks = 0
  const url = await startProxy(t, method => {
    if (method === 'GET') looks++
  })
  const drain = startCommand(['workers', 'drain', 'north', '--wait'], options(url))
  const lookedAgain = async () => {
    const before = looks
    await eventually('another look', () => looks > before + 1)
  }
  await eventually('both orders', async () => {
    const [first, second] = await Promise.all([reports.publish(one!), reports.publish(two!)])
    return first.order === 'move' || second.order === 'move'
  })
  await reports.publish({ ...one!, draining: true, slots: [free] })
  // the job of the other runs, though it drains
  await reports.publish({ ...two!, draining: true })
  await lookedAgain()
  assert.equal(drain.child.exitCode, null)
  await reports.remove(two!.id)
  const { code, stdout, stderr } = await drain.ended
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^north \(process 41\) runs no job, and takes none\.\n/)
})
