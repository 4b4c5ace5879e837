import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import type { Listing } from '../../src/lists/listing.js'
import { openModelRecords } from '../../src/models/model-records.js'
import { ModelRegistry } from '../../src/models/registry.js'
import type { Model, NewModel } from '../../src/spec/model.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { Store } from '../../src/store/store.js'
import { tempFolder } from '../../testing/temp-folder.js'

async function openTempRegistry(t: { after(work: () => Promise<void>): void }) {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const models = new ModelRegistry(store)
  const records = openModelRecords({
    store,
    models,
    whenUnused: async () => {},
  })
  return { root, store, models, records }
}

async function stage(store: Store, content: string): Promise<string> {
  const staged = await store.stage()
  await mkdir(join(staged, 'saved_model', 'variables'), { recursive: true })
  await writeFile(join(staged, 'saved_model', 'saved_model.pb'), content)
  return staged
}

/** The id of a job, which a name or number makes unique. */
const jobId = (name: string | number) => `job-${String(name).padStart(26, '0')}`

const manifest = (name: string, job: string | number): NewModel => ({
  name,
  jobId: jobId(job),
  createdAt: '2026-11-24T10:00:00.000Z',
  model: { kind: 'resnet', block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 },
  dataset: { id: 'ds-0123456789abcdef', name: 'mnist' },
  step: 100,
  input: { height: 28, width: 28, channels: 1, mean: [33], std: [78] },
  labels: ['0', '1'],
  metrics: { accuracy: 0.99 },
})

const notFound = (error: unknown) =>
  error instanceof TrainyardError && error.code === 'MODEL_NOT_FOUND' && error.kind === 'missing'

test('each job publishes one version, counted from 1', async t => {
  const { root, store, models } = await openTempRegistry(t)
  const first = await models.publish(await stage(store, 'one'), manifest('digits', 'a'))
  const second = await models.publish(await stage(store, 'two'), manifest('digits', 'b'))
  assert.deepEqual([first.version, second.version], [1, 2])
  const again = await models.publish(await stage(store, 'late'), manifest('digits', 'a'))
  assert.deepEqual(again, first)
  assert.deepEqual(await readdir(join(root, '.staging')), [])

  const newest = await models.get('digits')
  assert.deepEqual([newest.id, newest.version, newest.versions], ['digits', 2, [1, 2]])
  assert.equal((await models.get('digits', 1)).jobId, jobId('a'))
  const folder = await models.savedModel(first)
  assert.equal(await readFile(join(folder, 'saved_model.pb'), 'utf8'), 'one')
})

test('jobs that publish at the same time get different versions, attempts of one job the same', async t => {
  const { root, store, models } = await openTempRegistry(t)
  const publish = async (job: number) =>
    (await models.publish(await stage(store, String(job)), manifest('digits', job))).version
  const jobs = Array.from({ length: 20 }, (_, index) => index >> 1)
  const versions = await Promise.all(jobs.map(publish))
  for (let job = 0; job < 10; job++) assert.equal(versions[2 * job], versions[2 * job + 1])
  const distinct = [...new Set(versions)].sort((a, b) => a - b)
  assert.deepEqual(
    distinct,
    Array.from({ length: 10 }, (_, index) => index + 1),
  )
  assert.deepEqual(await readdir(join(root, '.staging')), [])
})

test('a job that crashed after it claimed a version gets the same version later', async t => {
  const { store, models } = await openTempRegistry(t)
  await store.createJson<unknown>('model-versions/digits/1.json', { jobId: jobId('a') })
  await assert.rejects(models.get('digits'), notFound)
  const other = await models.publish(await stage(store, 'b'), manifest('digits', 'b'))
  const late = await models.publish(await stage(store, 'a'), manifest('digits', 'a'))
  assert.deepEqual([other.version, late.version], [2, 1])
})

test('a version whose claim was lost is not published again, and is not that of another job', async t => {
  const { store, models } = await openTempRegistry(t)
  await models.publish(await stage(store, 'a'), manifest('digits', 'a'))
  await store.remove('model-versions')
  const next = await models.publish(await stage(store, 'b'), manifest('digits', 'b'))
  assert.deepEqual([next.version, next.jobId], [2, jobId('b')])
  assert.equal((await models.ofJob('digits', jobId('b')))?.version, 2)
  assert.equal((await models.get('digits', 1)).jobId, jobId('a'))
})

test('an unknown name or version is MODEL_NOT_FOUND', async t => {
  const { store, models } = await openTempRegistry(t)
  await models.publish(await stage(store, 'one'), manifest('digits', 'a'))
  for (const name of ['other', '', '..', '../digits', 'DIGITS', 'digits/1']) {
    await assert.rejects(models.get(name), notFound)
    await assert.rejects(models.get(name, 1), notFound)
  }
  for (const version of [0, -1, 2, 1.5, Number.NaN]) {
    await assert.rejects(models.get('digits', version), notFound)
  }
})

test('pages are sorted by name', async t => {
  const { store, models, records } = await openTempRegistry(t)
  for (const name of ['c', 'a', 'e', 'b', 'd']) {
    await models.publish(await stage(store, name), manifest(name, name))
  }
  const idsOf = async (page: Listing<Model>) => (await page.read(0, 3)).map(({ id }) => id)
  const first = await records.catalog.list({ limit: 3 })
  assert.deepEqual(await idsOf(first), ['a', 'b', 'c'])
  assert.deepEqual([first.total, first.hasMore], [5, true])
  const second = await records.catalog.list({ limit: 3, cursor: first.cursors.at(-1) })
  assert.deepEqual(await idsOf(second), ['d', 'e'])
  assert.deepEqual([second.total, second.hasMore], [5, false])
})
