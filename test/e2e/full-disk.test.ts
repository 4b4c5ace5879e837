// The data folder, with the embedded Redis, on a disk of 40 MB that is full for a while.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { cannotMount, mountSmallDisk } from '../../testing/small-disk.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const request: JobRequest = {
  name: 'patient',
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps: 200, batchSize: 16, checkpointEvery: 50, keepCheckpoints: 1 },
}
const full = 'the disk of the data folder is full (0 MB free)'

test('a full disk holds jobs, the server says so, and everything goes on after there is room', async t => {
  let close = async () => {}
  t.after(() => close())
  const small = await mountSmallDisk(t, { megabytes: 40 })
  if (!small) return t.skip(cannotMount)
  let output = ''
  const deployment = await TestDeployment.open(
    { TRAINYARD_SLOTS: '1', TRAINYARD_LOG_LEVEL: 'info' },
    text => {
      output += text
    },
    join(small.folder, 'data'),
  )
  close = () => deployment.close()
  const { client, url, key } = deployment
  const api = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } })
  const submit = () =>
    api('/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
  await client.datasets.push('digits', await mnistSample(640))
  const running = await client.jobs.submit(request)
  const queued = await client.jobs.submit({ ...request, name: 'next' })
  await eventually('the first checkpoint', async () => {
    return (await client.jobs.get(running.id)).progress.step > 60
  })

  await small.fill()
  const waiting = (id: string) => async () => (await client.jobs.get(id)).waitingFor === full
  await eventually('the running job to wait', waiting(running.id))
  await eventually('the queued job to wait', waiting(queued.id))
  await eventually('the attempt to end', async () => {
    return (await deployment.attempts(running.id)).length === 1 && /could not go on/.test(output)
  })
  await eventually('the log to say so', () => output.includes('jobs wait until the disk'))
  const ready = await fetch(`${url}/readyz`)
  const problem = (await ready.json()) as { code: string; detail: string }
  assert.deepEqual([ready.status, problem.code], [503, 'NOT_READY'])
  assert.match(problem.detail, /the disk of the data folder is full \(0 MB free\)/)
  assert.match(await (await api('/metrics')).text(), /^trainyard_disk_ready 0$/m)
  // what the attempt had staged is removed after its end, which leaves room for a small record
  await small.fill()
  await assertRefused(await submit())
  await assertRefused(await upload(api))
  assert.equal((await api(`/jobs/${running.id}`)).status, 200)

  await small.empty()
  await eventually('the server to be ready', async () => (await fetch(`${url}/readyz`)).ok)
  assert.equal((await submit()).status, 202)
  for (const { id } of [running, queued]) {
    const job = await eventually(`job ${id} to end`, () => ended(client.jobs.get(id)), {
      timeoutMs: 120_000,
    })
    assert.equal(job.status, 'succeeded', job.failure?.message)
    assert.equal(job.waitingFor, null)
  }
  const [first, second] = await deployment.attempts(running.id)
  assert.equal(first?.end, 'unavailable')
  assert.match(first.outputTail ?? '', /^could not go on: .*(full|No space left)/)
  assert.ok(second && second.resumedFrom >= 50, 'the second attempt resumes from a checkpoint')
  await eventually('the log to say so', () => {
    return output.includes('the disk of the data folder takes writes again')
  })
})

test('a server that starts on a full disk goes on with its jobs after there is room', async t => {
  let close = async () => {}
  t.after(() => close())
  const small = await mountSmallDisk(t, { megabytes: 40 })
  if (!small) return t.skip(cannotMount)
  const deployment = await TestDeployment.open(
    { TRAINYARD_SLOTS: '1' },
    undefined,
    join(small.folder, 'data'),
  )
  close = () => deployment.close()
  await deployment.client.datasets.push('digits', await mnistSample(640))
  const { id } = await deployment.client.jobs.submit({
    ...request,
    training: { ...request.training, steps: 50 },
  } as JobRequest)
  await small.fill()
  await deployment.stop()
  await deployment.start()
  const { client } = deployment
  await eventually('the job to wait', async () => (await client.jobs.get(id)).waitingFor === full)
  await small.empty()
  const job = await eventually('the job to end', () => ended(client.jobs.get(id)), {
    timeoutMs: 120_000,
  })
  assert.equal(job.status, 'succeeded', job.failure?.message)
})

async function ended(answer: Promise<Job>): Promise<Job | null> {
  const job = await answer
  return ['succeeded', 'failed', 'cancelled'].includes(job.status) ? job : null
}

async function assertRefused(answer: Response): Promise<void> {
  const { code, detail } = (await answer.json()) as { code: string; detail: string }
  assert.deepEqual([answer.status, code], [503, 'STORAGE_FULL'], detail)
  assert.ok(answer.headers.get('retry-after'))
}

async function upload(api: (path: string, init: RequestInit) => Promise<Response>) {
  const form = new FormData()
  form.set('name', 'more')
  for (const { name, content } of await mnistSample(640)) form.append('files', content, name)
  return api('/datasets', { method: 'POST', body: form })
}
