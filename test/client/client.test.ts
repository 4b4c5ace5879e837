import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { after, before, test } from 'node:test'
import { Client, ProblemError } from '../../src/client/client.js'
import { eventually } from '../../testing/eventually.js'
import { putModel, startServer, type TestServer } from '../../testing/test-server.js'

let server: TestServer
let client: Client
before(async () => {
  server = await startServer({ webhooks: 'private' })
  client = new Client({ url: server.url, key: server.key, retryForMs: 0 })
  for (const version of [1, 2]) await putModel(server.store, 'shades', version)
})
after(() => server.close())

const csv = (text: string) => [{ name: 'a.csv', content: new Blob([text]) }]
const rejects = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, error => error instanceof ProblemError && error.problem.code === code)

test('data sets: versions, derived ones, differences, names, imports', async () => {
  const first = await client.datasets.push('points', csv('a,b\n1,2\n3,4\n5,6\n'))
  const second = await client.datasets.derive('points', {
    name: 'points',
    steps: [{ kind: 'filter', where: ['a>1'] }],
  })
  assert.equal(second.records, 2)
  const { items } = await client.datasets.versions('points')
  assert.deepEqual(
    items.map(({ id, current }) => [id, current]),
    [
      [second.id, true],
      [first.id, false],
    ],
  )
  const diff = await client.datasets.diff(first.id, second.id)
  assert.deepEqual(diff.records, { both: 2, onlyOne: 1, onlyOther: 0 })
  assert.equal((await client.datasets.setName('old', first.id)).id, first.id)
  assert.equal((await client.datasets.list({ name: 'po' })).total, 2)
  await client.datasets.delete(first.id)
  await rejects(client.datasets.get(first.id), 'DATASET_NOT_FOUND')

  // a data set that is made quickly leaves no record, unless the client does not wait
  const request = { name: 'later', steps: [{ kind: 'filter' as const, where: ['a>3'] }] }
  const { id } = await client.datasets.beginDerivation(second.id, request, { wait: 0 })
  const { status } = await eventually('the end of the import', async () => {
    const made = await client.imports.get(id)
    return made.finishedAt !== null && made
  })
  assert.equal(status, 'succeeded')
  assert.ok((await client.imports.list()).items.some(made => made.id === id))
  await client.imports.delete(id)
  await rejects(client.imports.get(id), 'IMPORT_NOT_FOUND')
})

test('models: versions, contract, notes, aliases, promotion, watch, drift, deletion', async () => {
  assert.deepEqual((await client.models.get('shades', { version: '1' })).versions, [1, 2])
  assert.equal((await client.models.list()).total, 1)
  assert.deepEqual(
    (await client.models.versions('shades')).items.map(model => model.version).sort(),
    [1, 2],
  )
  assert.deepEqual((await client.models.contract('shades')).model, 'shades')
  await client.models.annotate('shades', 1, { stage: 'staging', tags: { approved: 'yes' } })
  const notes = await client.models.annotationHistory('shades', 1)
  assert.deepEqual(notes.items[0]!.tags, { approved: 'yes' })

  await client.aliases.put('shades', 'production', { version: 1 })
  const moved = await client.models.promote('shades', { version: 2, to: 'production' })
  assert.equal(moved.version, 2)
  assert.equal((await client.aliases.rollBack('shades', 'production')).version, 1)
  assert.equal((await client.aliases.get('shades', 'production')).version, 1)
  const { items } = await client.aliases.history('shades', 'production')
  assert.deepEqual(
    items.map(({ change }) => change),
    ['rolledBack', 'promoted', 'moved'],
  )
  assert.equal((await client.aliases.list('shades')).items.length, 1)
  await client.aliases.delete('shades', 'production', { reason: 'retired' })
  await rejects(client.aliases.get('shades', 'production'), 'ALIAS_NOT_FOUND')

  const watch = await client.models.setWatch('shades', { samples: { share: 1 } })
  assert.deepEqual((await client.models.watch('shades')).samples, watch.samples)
  assert.deepEqual((await client.models.requestSamples('shades')).items, [])
  assert.equal((await client.models.drift('shades', { version: '1' })).version, 1)
  assert.deepEqual((await client.models.traffic('shades')).split, [])
  await rejects(client.models.explainRows('shades', [], { method: 'shap' }), 'INVALID_REQUEST')
  assert.deepEqual((await client.models.delete('shades', { version: '1' })).versions, [1])
})

test('jobs: changes, charts of many, checkpoints, deletion; workers', async () => {
  await client.datasets.push('prices', csv(`a,price\n${'1,2\n3,4\n'.repeat(20)}`))
  const job = await client.jobs.submit({
    model: { kind: 'boosting', objective: 'regression', rounds: 2 },
    dataset: 'prices',
    training: { target: 'price' },
  })
  const patched = await client.jobs.update(job.id, { labels: { team: 'red' } })
  assert.deepEqual(patched.labels, { team: 'red' })
  const charts = await client.jobs.compareMetrics([job.id, 'job-01jdzzzzzzzzzzzzzzzzzzzzzz'])
  assert.deepEqual(
    charts.items.map(({ exists }) => exists),
    [true, false],
  )
  assert.deepEqual((await client.jobs.checkpoints(job.id)).items, [])
  await client.jobs.act(job.id, 'cancel')
  await client.jobs.delete(job.id)
  await rejects(client.jobs.get(job.id), 'JOB_NOT_FOUND')
  assert.deepEqual((await client.server.workers()).items, [])
})

test('webhooks: their deliveries and pings', async () => {
  const { id } = await client.webhooks.create({ url: `${server.url}/healthz` })
  assert.equal((await client.webhooks.get(id)).id, id)
  assert.equal((await client.webhooks.list()).total, 1)
  const ping = await client.webhooks.test(id)
  assert.equal(ping.event, 'ping')
  assert.equal((await client.webhooks.deliveries(id)).items[0]!.id, ping.id)
  await client.webhooks.delete(id)
  await rejects(client.webhooks.get(id), 'WEBHOOK_NOT_FOUND')
})

test('a signal for many calls keeps no listener of those that have ended', async () => {
  const { signal } = new AbortController()
  for (let i = 0; i < 3; i++) await client.datasets.list({}, { signal })
  await rejects(client.datasets.get('nowhere', { signal }), 'DATASET_NOT_FOUND')
  await client.uploads.delete(await client.uploads.create('x', 1), { signal })
  assert.deepEqual(getEventListeners(signal, 'abort'), [])
})
