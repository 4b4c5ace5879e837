import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Job } from '../../../src/spec/job.js'
import type { TrainingPlan } from '../../../src/spec/training-options.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, publishProgress, startJob } from '../attempts.js'

let server: TestServer
const ids: Record<string, string> = {}

/** Four jobs: two that ended with metrics, one that runs, one that waits. */
before(async () => {
  server = await startServer()
  await uploadDataset(server)
  const jobs = {
    good: { labels: { rank: '2' }, training: { ...smallJob.training, seed: 7 } },
    better: { labels: { rank: '10' }, priority: 5 },
    running: {},
    waiting: { training: { steps: 8, batchSize: 2 } },
  }
  for (const [name, more] of Object.entries(jobs)) {
    const { body } = await server.api.post('/jobs').send({ ...smallJob, ...more, name })
    ids[name] = body.id
    if (name !== 'waiting') await startJob(server, body.id)
  }
  await endJob(server, ids.good!, { validationAccuracy: 0.5, loss: 'NaN' })
  await endJob(server, ids.better!, { validationAccuracy: 0.75, loss: 'Infinity' })
  await publishProgress(server, ids.running!, 2, { validationAccuracy: 0.6 })
})
after(() => server.close())

async function list(query: string) {
  const answer = await server.api.get(`/jobs?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

const names = async (query: string): Promise<string[]> =>
  (await list(query)).items.map(({ name }: Job) => name)

test('jobs are sorted by fields and metrics, those without a value last', async () => {
  const cases: [string, string[]][] = [
    ['sort=name', ['better', 'good', 'running', 'waiting']],
    ['sort=-validationAccuracy', ['better', 'running', 'good', 'waiting']],
    ['sort=metrics.validationAccuracy', ['good', 'running', 'better', 'waiting']],
    // NaN is no value, Infinity is one; equal ones come newest first
    ['sort=-loss', ['better', 'waiting', 'running', 'good']],
    ['sort=-priority,createdAt', ['better', 'good', 'running', 'waiting']],
    ['sort=training.batchSize&sort=name', ['waiting', 'better', 'good', 'running']],
    ['sort=progress.fraction,name', ['waiting', 'running', 'better', 'good']],
    ['sort=labels.rank', ['better', 'good', 'waiting', 'running']],
    ['sort=startedAt,name', ['better', 'good', 'running', 'waiting']],
  ]
  for (const [query, expected] of cases) assert.deepEqual(await names(query), expected, query)
})

test('jobs are filtered by conditions on fields and metrics', async () => {
  const day = '2026-11-24'
  const cases: [string, string[]][] = [
    ['where=validationAccuracy>0.55', ['running', 'better']],
    ['where=validationAccuracy>=0.5,validationAccuracy<0.75', ['running', 'good']],
    ['where=validationAccuracy!=0.5', ['waiting', 'running', 'better']],
    ['where=loss=Infinity', ['better']],
    ['where=loss<1', []],
    ['where=training.seed=7', ['good']],
    ['where=model.kind=resnet&where=labels.rank=2', ['good']],
    ['where=name^=wa', ['waiting']],
    ['where=progress.step=2', ['running']],
    ['where=priority>0&status=succeeded', ['better']],
    [`finishedAfter=${day}`, ['better', 'good']],
    [`finishedBefore=${day}`, []],
    [`startedBefore=${day}T23:00:00%2B00:00`, ['running', 'better', 'good']],
    [`where=finishedAt>=${day}T10:00:00Z`, ['better', 'good']],
  ]
  for (const [query, expected] of cases) {
    const { items, total } = await list(query)
    const found = items.map(({ name }: Job) => name)
    assert.deepEqual([found, total], [expected, expected.length], query)
  }
})

test('a sorted list is read in pages, each with the total, and a cursor of another order is refused', async () => {
  const seen: string[] = []
  let cursor = ''
  do {
    const page = await list(`limit=1&sort=-loss${cursor}`)
    assert.equal(page.total, 4)
    seen.push(page.items[0].name)
    cursor = page.nextCursor && `&cursor=${page.nextCursor}`
  } while (cursor)
  assert.deepEqual(seen, ['better', 'waiting', 'running', 'good'])
  const { nextCursor } = await list('limit=1&sort=-loss')
  for (const bad of [nextCursor, 'x', ids.good, 'W10', 'bnVsbA']) {
    const { status, body } = await server.api.get(`/jobs?sort=loss&cursor=${bad}`)
    assert.deepEqual([status, body.code], [422, 'INVALID_CURSOR'], bad)
  }
})

test('fields leaves out everything else', async () => {
  const fields = 'id,name,progress.step,metrics.validationAccuracy,labels.rank,failure'
  const { items } = await list(`fields=${fields}&sort=name&limit=1`)
  assert.deepEqual(items, [
    {
      id: ids.better,
      name: 'better',
      progress: { step: 4 },
      metrics: { validationAccuracy: 0.75 },
      labels: { rank: '10' },
      failure: null,
    },
  ])
})

test('names that no job has, and values that a field cannot have, are refused with what is meant', async () => {
  const cases: [string, string, RegExp][] = [
    ['sort=-validationAcuracy', 'sort', /did you mean 'validationAccuracy'/],
    ['sort=colour', 'sort', /it can name id, name, .*, metrics\.NAME/],
    ['where=validationAccuracy', 'where', /expected a name, one of/],
    ['where=loss>low', 'where', /metrics\.loss with 'low', expected a number/],
    ['where=finishedAt>yesterday', 'where', /expected an ISO 8601 date/],
    ['where=stats=done', 'where', /did you mean 'status'/],
    ['fields=nam', 'fields', /did you mean 'name'/],
    ['fields=status.kind', 'fields', /an item does not have/],
    ['fields=', 'fields', /fields names ''/],
  ]
  for (const [query, parameter, message] of cases) {
    const { status, body } = await server.api.get(`/jobs?${query}`)
    assert.deepEqual([status, body.errors?.[0].path], [422, `querystring:/${parameter}`], query)
    assert.match(body.detail, message)
  }
})

test('a list is not sorted by more than four names', async () => {
  const { status, body } = await server.api.get('/jobs?sort=a,b,c,d,e')
  assert.equal(status, 400)
  assert.match(body.detail, /sort has 5 entries, expected at most 4/)
})

test('jobs are sorted and filtered by the best value that a metric had, of running jobs too', async () => {
  const accuracies = { early: [0.9, 0.2], late: [0.3, 0.8], steady: [0.4, 0.4] }
  for (const [name, [best, last]] of Object.entries(accuracies)) {
    const labels = { test: 'best' }
    const { body } = await server.api.post('/jobs').send({ ...smallJob, labels, name })
    const progress = {
      step: 2,
      metrics: { accuracy: last! },
      best: { accuracy: { value: Math.max(best!, last!), step: best! >= last! ? 1 : 2 } },
    }
    await startJob(server, body.id, progress)
    if (name === 'late') await endJob(server, body.id, progress.metrics)
    ids[name] = body.id
  }
  const cases: [string, string[]][] = [
    ['sort=-best.accuracy', ['early', 'late', 'steady']],
    ['sort=-metrics.accuracy', ['late', 'steady', 'early']],
    ['sort=best.accuracy.step,name', ['early', 'steady', 'late']],
    ['where=best.accuracy>=0.8', ['late', 'early']],
    ['where=best.accuracy>0.8,accuracy<0.5', ['early']],
  ]
  for (const [query, expected] of cases) {
    assert.deepEqual(await names(`label=test:best&${query}`), expected, query)
  }
  const { items } = await list('label=test:best&sort=-best.accuracy&fields=best.accuracy&limit=1')
  assert.deepEqual(items, [{ best: { accuracy: { value: 0.9, step: 1 } } }])
  const best = { accuracy: { value: 0.95, step: 3 } }
  await publishProgress(server, ids.steady!, 3, { accuracy: 0.95 }, best)
  assert.deepEqual(await names('label=test:best&sort=-best.accuracy&limit=1'), ['steady'])
  const { body } = await server.api.get(`/jobs/${ids.steady}`)
  assert.deepEqual(body.best, best)
})

test('rows that come from the index have what the jobs have, and lists and long texts too', async () => {
  const whole = ['id', 'name', 'status', 'requested', 'phase', 'attempt', 'progress', 'dataset']
  const more = ['priority', 'labels', 'createdAt', 'startedAt', 'finishedAt', 'metrics', 'best']
  const { body: asked } = await server.api.post(`/jobs/${ids.running}/pause`)
  assert.equal(asked.requested, 'pause')
  const jobs: Job[] = (await list('limit=10000')).items
  const rows = (await list(`limit=10000&fields=${[...whole, ...more]}`)).items
  assert.deepEqual(
    rows,
    jobs.map(job =>
      Object.fromEntries([...whole, ...more].map(name => [name, job[name as keyof Job]])),
    ),
  )
  assert.ok(jobs.some(({ status }) => status === 'running') && jobs.length > 6)
  const parts = 'model.kind,training.learningRate.schedule,training.augment,training.x.y'
  assert.deepEqual(
    (await list(`limit=10000&fields=${parts},failure.code,dataset.name`)).items,
    jobs.map(({ model, training, dataset }) => ({
      model: { kind: model.kind },
      training: {
        learningRate: { schedule: (training as TrainingPlan).learningRate.schedule },
        augment: (training as TrainingPlan).augment,
      },
      dataset: { name: dataset.name },
    })),
  )
})
