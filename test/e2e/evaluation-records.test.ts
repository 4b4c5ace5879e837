// The records behind the confusion matrix, and behind the error of a regression, over HTTP.
import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Client, ProblemError } from '../../src/client/client.js'
import {
  type ClassRecord,
  evaluationRecordsFile,
  type NumberRecord,
} from '../../src/spec/evaluation-records.js'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { readMnist } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
let client: Client
let [digits, diabetes]: Job[] = []
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  client = deployment.client
  const { images, labels } = await readMnist('t10k', 400)
  await client.datasets.push('digits', [
    { name: 'images', content: new Blob([images]) },
    { name: 'labels', content: new Blob([labels]) },
  ])
  await uploadTable(deployment, 'diabetes')
  const training = { steps: 10, batchSize: 16, validation: 0.5 }
  const model = { kind: 'resnet' as const, blocks: 1, filters: 4 }
  digits = await deployment.train({ model, dataset: 'digits', name: 'digits', training })
  diabetes = await deployment.train({
    name: 'diabetes',
    model: { kind: 'boosting', objective: 'regression', rounds: 10 },
    dataset: 'diabetes',
  })
  for (const job of [digits, diabetes]) assert.equal(job.status, 'succeeded', job.failure?.message)
})
after(() => deployment.close())

const rejects = (promise: Promise<unknown>, code: string, message: RegExp) =>
  assert.rejects(
    promise,
    error =>
      error instanceof ProblemError && error.problem.code === code && message.test(error.message),
  )

test('each cell of the confusion matrix has its images, page by page', async () => {
  const { evaluation } = await client.models.get('digits')
  const { confusionMatrix, perClass } = evaluation!
  const all = await client.jobs.evaluationRecords(digits!.id, { limit: '1000' })
  assert.deepEqual([all.kind, all.total, all.evaluated, all.leftOut], ['classes', 200, 200, 0])
  assert.equal(all.dataset, digits!.dataset.id)
  const records = all.items as ClassRecord[]
  const wrong = records.filter(({ label, predicted }) => label !== predicted)
  assert.ok(wrong.length > 2)
  // the wrong ones come first
  assert.deepEqual(records.slice(0, wrong.length), wrong)
  for (const [i, { label }] of perClass.entries()) {
    for (const [j, { label: predicted }] of perClass.entries()) {
      const cell = records.filter(each => each.label === label && each.predicted === predicted)
      assert.equal(cell.length, confusionMatrix![i]![j])
    }
  }
  const { label } = wrong[0]!
  const expected = records.filter(each => each.label === label)
  const paged = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = { label, limit: '3', ...(cursor && { cursor }) }
    const page = await client.jobs.evaluationRecords(digits!.id, query)
    assert.equal(page.total, expected.length)
    paged.push(...page.items)
    cursor = page.nextCursor
  }
  assert.deepEqual(paged, expected)
  const { items } = await client.datasets.samples('digits', { limit: '1000' })
  const samples = items as { index: number; class: string }[]
  for (const { index, label } of records) assert.equal(samples[index]!.class, label)
})

test('the rows of a regression come by their residuals', async () => {
  const page = await client.jobs.evaluationRecords(diabetes!.id, { limit: '1000' })
  assert.deepEqual([page.kind, page.total], ['numbers', page.evaluated])
  const records = page.items as NumberRecord[]
  const errors = records.map(({ residual }) => Math.abs(residual!))
  assert.deepEqual(
    errors,
    errors.toSorted((a, b) => b - a),
  )
  const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
  const { metrics } = await client.models.get('diabetes')
  assert.ok(
    Math.abs(rmse - Number(metrics.validationRmse)) < 1e-3,
    `${rmse}, ${JSON.stringify(metrics)}`,
  )
})

test('what cannot be listed says why', async () => {
  await rejects(
    client.jobs.evaluationRecords(digits!.id, { label: 'eleven' }),
    'INVALID_QUERY',
    /no class/,
  )
  await rejects(
    client.jobs.evaluationRecords(diabetes!.id, { label: 'a' }),
    'INVALID_QUERY',
    /numbers/,
  )
  const { nextCursor } = await client.jobs.evaluationRecords(digits!.id, { limit: '1' })
  await rejects(
    client.jobs.evaluationRecords(diabetes!.id, { cursor: nextCursor! }),
    'INVALID_CURSOR',
    /cursor/,
  )
  const unknown = 'job-01jdzzzzzzzzzzzzzzzzzzzzzz'
  await rejects(client.jobs.evaluationRecords(unknown), 'JOB_NOT_FOUND', /job/)

  // a model as older versions published it
  const store = await openFolderStore(deployment.folder)
  const key = 'models/digits/1'
  const { manifest } = (await store.readManifest<object>(key))!
  const staged = await store.stage()
  await cp(join(deployment.folder, key), staged, { recursive: true })
  for (const file of ['manifest.json', evaluationRecordsFile]) await rm(join(staged, file))
  await store.remove(key)
  assert.ok(await store.commit(staged, key, manifest))
  await rejects(
    client.jobs.evaluationRecords(digits!.id),
    'EVALUATION_RECORDS_NOT_FOUND',
    /older version/,
  )
})
