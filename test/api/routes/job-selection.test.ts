import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Job } from '../../../src/spec/job.js'
import type { JobOutcome } from '../../../src/spec/job-actions.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, publishProgress, startJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

async function submit(more: object = {}): Promise<Job> {
  const answer = await server.api.post('/jobs').send({ ...smallJob, ...more })
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}

async function act(body: object) {
  const answer = await server.api.post('/jobs/actions').send(body)
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

const statusOf = async (id: string): Promise<string> =>
  (await server.api.get(`/jobs/${id}`)).body.status

test('each job of an action has its own outcome, and a problem with one does not stop the others', async () => {
  const [waits, runs, ended] = [await submit(), await submit(), await submit()]
  await startJob(server, runs.id)
  await startJob(server, ended.id)
  await endJob(server, ended.id)
  const missing = 'job-00000000000000000000000000'
  const ids = [waits.id, missing, runs.id, ended.id, waits.id]
  const { items, ...counts } = await act({ action: 'pause', ids })
  assert.deepEqual(counts, { succeeded: 2, failed: 2, more: false })
  assert.deepEqual(
    items.map(({ problem, ...outcome }: JobOutcome) => ({ ...outcome, code: problem?.code })),
    [
      { id: waits.id, status: 'paused', requested: null, code: undefined },
      { id: missing, status: null, requested: null, code: 'JOB_NOT_FOUND' },
      { id: runs.id, status: 'running', requested: 'pause', code: undefined },
      { id: ended.id, status: null, requested: null, code: 'JOB_ENDED' },
    ],
  )
  const alone = await server.api.post(`/jobs/${ended.id}/pause`)
  const { instance: _, ...problem } = items[3].problem
  assert.deepEqual({ ...problem, instance: undefined }, { ...alone.body, instance: undefined })
  assert.equal(await statusOf(waits.id), 'paused')
})

test('jobs are resumed, cancelled, retried and deleted by a selection, without those that have another status', async () => {
  const labels = { test: 'verbs' }
  const made = [await submit({ labels }), await submit({ labels }), await submit({ labels })]
  const [oldest, middle, newest] = made.map(({ id }) => id) as [string, string, string]
  const other = await submit({ labels: { test: 'other' } })
  const selection = { labels }
  const statuses = async (action: string) => {
    const { items, failed } = await act({ action, selection })
    assert.equal(failed, 0)
    return items.map(({ id, status }: JobOutcome) => [id, status])
  }
  await act({ action: 'pause', ids: [oldest, middle] })
  assert.deepEqual(await statuses('resume'), [
    [middle, 'queued'],
    [oldest, 'queued'],
  ])
  assert.deepEqual(await statuses('delete'), [], 'none has ended')
  await act({ action: 'cancel', ids: [oldest, middle] })
  assert.deepEqual(await statuses('cancel'), [[newest, 'cancelled']])
  assert.deepEqual(await statuses('retry'), [
    [newest, 'queued'],
    [middle, 'queued'],
    [oldest, 'queued'],
  ])
  await act({ action: 'cancel', selection })
  assert.deepEqual(await statuses('delete'), [
    [newest, null],
    [middle, null],
    [oldest, null],
  ])
  assert.equal((await server.api.get(`/jobs/${newest}`)).status, 404)
  assert.equal(await statusOf(other.id), 'queued')
})

test('an action needs ids or a selection, and takes no more than 1000 jobs', async () => {
  const { id } = await submit()
  const cases: [object, RegExp][] = [
    [{ action: 'pause' }, /either ids, a list of jobs, or selection/],
    [{ action: 'pause', ids: [id], selection: { name: 'x' } }, /and not both/],
    [{ action: 'pause', selection: {} }, /selection/],
    [{ action: 'stop', ids: [id] }, /expected one of 'pause'/],
    [{ action: 'pause', ids: Array(1001).fill(id) }, /at most 1000/],
  ]
  for (const [body, message] of cases) {
    const answer = await server.api.post('/jobs/actions').send(body)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.body.detail, message)
  }
  assert.equal(await statusOf(id), 'queued')
})

test('facets count the values of the jobs that match', async () => {
  const mark = { test: 'facets' }
  const one = await submit({ labels: { ...mark, team: 'vision', lr: '1' } })
  const two = await submit({ labels: { ...mark, team: 'vision', lr: '2' } })
  await submit({ labels: { ...mark, team: 'speech' } })
  await startJob(server, one.id)
  await publishProgress(server, one.id, 2, { accuracy: 0.5, learningRate: 0.1 })
  await startJob(server, two.id)
  await endJob(server, two.id, { accuracy: 0.75 })
  const facets = async (query: string) => {
    const answer = await server.api.get(`/jobs/facets?label=test:facets${query}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const lr = [
    { value: '1', count: 1 },
    { value: '2', count: 1 },
  ]
  const team = [
    { value: 'vision', count: 2 },
    { value: 'speech', count: 1 },
  ]
  assert.deepEqual(await facets(''), {
    total: 3,
    status: ['queued', 'running', 'succeeded'].map(value => ({ value, count: 1 })),
    model: [{ value: 'resnet', count: 3 }],
    dataset: [{ value: 'shades', count: 3 }],
    datasets: 1,
    labels: [
      { key: 'team', count: 3, distinct: 2, values: team },
      { key: 'test', count: 3, distinct: 1, values: [{ value: 'facets', count: 3 }] },
      { key: 'lr', count: 2, distinct: 2, values: lr },
    ],
    labelKeys: 3,
    metrics: [
      { name: 'accuracy', count: 2, better: 'higher' },
      { name: 'learningRate', count: 1, better: null },
    ],
  })
  const { total, labels } = await facets('&where=accuracy>0.6')
  assert.equal(total, 1)
  assert.deepEqual(labels[0], { key: 'lr', count: 1, distinct: 1, values: [lr[1]] })
  assert.equal((await server.api.get('/jobs/facets?where=colour=1')).status, 422)
})
