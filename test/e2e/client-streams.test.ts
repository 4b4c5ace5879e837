// The client's iterators, through connections that are cut and a server that restarts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client, ProblemError } from '../../src/client/client.js'
import type { JobRequest } from '../../src/spec/job.js'
import { type CuttingProxy, startCuttingProxy } from '../../testing/cutting-proxy.js'
import { eventually } from '../../testing/eventually.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
let proxy: CuttingProxy
let client: Client

before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  await uploadTable(deployment, 'wine')
  proxy = await startCuttingProxy(deployment.url)
  client = new Client({ url: proxy.url, key: deployment.key })
})
after(async () => {
  proxy.close()
  await deployment.close()
})

const rounds = 400

const request = (name: string, more: object = {}): JobRequest => ({
  name,
  model: { kind: 'boosting', rounds },
  dataset: 'wine',
  training: { checkpointEvery: 50, ...more },
})

test('metrics come once each, in order, while the connection is cut and the server restarts', async () => {
  const { id } = await client.jobs.submit(request('followed'))
  const steps: number[] = []
  const lost: string[] = []
  let resumed = 0
  let restarting: Promise<void> | null = null
  const restart = async () => {
    await deployment.stop()
    await deployment.start()
    proxy.target = deployment.url
  }
  const options = {
    onLost: (reason: Error | null) => void lost.push(reason?.message ?? 'ended'),
    onBack: () => void resumed++,
  }
  let status = ''
  for await (const { event, data } of client.jobs.follow(id, options)) {
    if (event === 'job') {
      status = data.status
      continue
    }
    steps.push(data.step)
    if (data.step === 20) assert.ok(proxy.cut() > 0)
    if (data.step === 60) restarting ??= restart()
  }
  await restarting
  assert.ok(restarting, 'the server did not restart')
  assert.equal(status, 'succeeded')
  // a row for each round, and one for each evaluation
  const distinct = steps.filter((step, i) => step !== steps[i - 1])
  assert.deepEqual(
    distinct,
    Array.from({ length: rounds }, (_, i) => i + 1),
  )
  const csv = await fetch(`${deployment.url}/jobs/${id}/metrics?format=csv`, {
    headers: { authorization: `Bearer ${deployment.key}` },
  })
  assert.equal((await csv.text()).trim().split('\n').length - 1, steps.length)
  assert.ok(resumed >= 2, `resumed ${resumed} times`)
  assert.match(lost.join('\n'), /broke/)
})

test('a log is followed to its end, with each line once', async () => {
  const { id } = await client.jobs.submit(request('logged'))
  const lines: string[] = []
  let cuts = 0
  for await (const { line } of client.jobs.followLogs(id)) {
    lines.push(line)
    if (cuts < 3) cuts += proxy.cut()
  }
  assert.ok(cuts > 0, 'nothing was cut')
  assert.equal((await client.jobs.get(id)).status, 'succeeded')
  const { items } = await client.jobs.logs(id, { limit: 10_000 })
  assert.deepEqual(
    lines,
    items.map(({ line }) => line),
  )
  // of a job that has ended, the last lines come at once
  const tail: string[] = []
  for await (const { line } of client.jobs.followLogs(id, { tail: 2 })) tail.push(line)
  assert.deepEqual(tail, lines.slice(-2))
})

test('waiting for a job survives a cut connection, and ends with the job', async () => {
  const { id } = await client.jobs.submit(request('waited'))
  const timer = setInterval(() => proxy.cut(), 200)
  const job = await client.jobs.wait(id).finally(() => clearInterval(timer))
  assert.equal(job.status, 'succeeded')
  assert.equal((await client.jobs.wait(id)).id, id)
})

test('all changes come once each through cut connections', async () => {
  const abort = new AbortController()
  const seen: string[] = []
  let isOpen = false
  const following = (async () => {
    for await (const { type, data } of client.events(
      { types: ['job'] },
      { signal: abort.signal },
    )) {
      if (type === 'stream.open') isOpen = true
      if (type === 'job.queued' || type === 'job.succeeded') seen.push(`${type} ${data.name}`)
      if (type === 'job.queued') proxy.cut()
    }
  })()
  await eventually('the stream', async () => isOpen)
  for (const name of ['one', 'two', 'three']) {
    const { id } = await deployment.client.jobs.submit({
      ...{ name, dataset: 'wine' },
      model: { kind: 'boosting', rounds: 5 },
    })
    await deployment.client.jobs.wait(id)
  }
  await eventually('the end of the last job', async () => seen.includes('job.succeeded three'))
  abort.abort(new Error('enough'))
  await assert.rejects(following, /enough/)
  const expected = ['one', 'two', 'three'].flatMap(name => [
    `job.queued ${name}`,
    `job.succeeded ${name}`,
  ])
  assert.deepEqual(seen, expected)
})

test('an iterator ends with an abort, and with the errors that do not pass', async () => {
  const { id } = await client.jobs.submit(request('endless', { checkpointEvery: 1000 }))
  const abort = new AbortController()
  const follow = async () => {
    for await (const { event } of client.jobs.follow(id, { signal: abort.signal }))
      if (event === 'metrics') abort.abort(new Error('interrupted'))
  }
  await assert.rejects(follow(), /interrupted/)
  await assert.rejects(
    client.jobs.wait('job-01jdzzzzzzzzzzzzzzzzzzzzzz'),
    (error: ProblemError) => error instanceof ProblemError && error.code === 'JOB_NOT_FOUND',
  )
  await client.jobs.cancel(id).catch(() => {})
  const stranger = new Client({ url: proxy.url, key: 'ty_wrong' })
  await assert.rejects(
    stranger.jobs.wait(id),
    (error: ProblemError) => error instanceof ProblemError && error.status === 401,
  )
})
