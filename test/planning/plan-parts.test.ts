import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { planJob, planNetworkJob } from '../../src/planning/plan.js'
import type { ImagesManifest, Shard, TableManifest } from '../../src/spec/dataset.js'
import { partOf, partsOfPlan } from '../../src/spec/dataset-part.js'
import { isBoosting, type NetworkJobRequest } from '../../src/spec/job.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import { buildTask } from '../../workers/supervision/trainer-task.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

const shard = (name: string, records: number, split: string): Shard => ({
  ...{ name: `shards/${name}`, records, split },
  ...{ bytes: 1, sha256: '0'.repeat(64) },
})

const split = (name: string, classCounts: number[], mean = 33) => ({
  ...{ name, records: classCounts.reduce((a, b) => a + b, 0) },
  ...{ classCounts, mean: [mean], std: [10] },
})

/** 1000 digits: 700 to train on, in two shards, 200 to validate on and 100 to test. */
const digits = (overrides: Partial<ImagesManifest> = {}) =>
  digitsManifest({
    splits: [
      split('train', [100, 300, 300], 30),
      split('val', [100, 50, 50], 40),
      split('test', [100, 0, 0]),
    ],
    shards: [
      shard('a', 350, 'train'),
      shard('b', 350, 'train'),
      shard('c', 200, 'val'),
      shard('d', 100, 'test'),
    ],
    ...overrides,
  })

const plan = (
  training: NetworkJobRequest['training'] = {},
  dataset = digits(),
  other: ImagesManifest | null = null,
) =>
  planNetworkJob(
    identity,
    { model: { kind: 'resnet' }, dataset: 'digits', training },
    dataset,
    other,
  )

const notesOf = ({ notes = [] }: { notes?: { code: string; message: string }[] }) =>
  notes.map(({ code, message }) => `${code}: ${message}`)

test('a job on a data set with splits trains on train, validates on val, and says so', () => {
  const job = plan({ classWeights: 'balanced' })
  const { training } = job
  assert.deepEqual(training.split, ['train'])
  assert.deepEqual(training.validation, { split: 'val' })
  // 700 images, and not 1000
  assert.equal(training.stepsPerEpoch, Math.floor(700 / 64))
  assert.equal(training.classWeights!['0'], 700 / (3 * 100))
  assert.deepEqual(job.normalization?.mean, [30])
  assert.deepEqual(job.dataset, { id: digits().id, name: 'digits' })
  assert.deepEqual(notesOf(job), [
    "splits_used: of 1000 records of 'digits', the job trains on the split 'train' (700), validates on 'val' (200), and does not use 'test' (100); training.split and training.validation choose others",
  ])
})

test('a data set without splits is planned as before', () => {
  const { training } = plan({}, digitsManifest())
  assert.ok(!('split' in training))
  assert.deepEqual(training.validation, { holdOut: 100 })
})

test('without val, a share of train is held out; without train, all but val and test is trained on', () => {
  const noVal = digits({ splits: [split('train', [300, 300, 300]), split('test', [50, 25, 25])] })
  assert.deepEqual(plan({}, noVal).training.validation, { holdOut: 90 })
  const parts = ['day', 'night', 'test', 'val'].map(name => split(name, [100, 50, 100]))
  const { training } = plan({}, digits({ splits: parts }))
  assert.deepEqual([training.split, training.validation], [['day', 'night'], { split: 'val' }])
  // a share that the request asks for is held out of train
  const held = plan({ validation: 0.2 }).training
  assert.deepEqual([held.split, held.validation], [['train'], { holdOut: 140 }])
})

test('a job may name its splits, of its data set and of another one', () => {
  const { training } = plan({ split: ['test', 'train'], validation: { split: 'val' } })
  assert.deepEqual([training.split, training.validation], [['train', 'test'], { split: 'val' }])
  const other = digits({ id: 'ds-fedcba9876543210', name: 'others' })
  const validation = { dataset: 'others', split: 'test' }
  const job = plan({ validation }, digits(), other)
  assert.deepEqual(job.training.validation, { dataset: other.id, split: 'test' })
  const warned = notesOf(job).filter(note => note.startsWith('class_not_validated'))
  assert.match(warned.join(), /'others:test' has no image of 2 of 3 classes/)
  // the answer's training is a request for the same job
  assert.deepEqual(plan(training as object).training, training)
  // trained on val, the job has to hold something out
  const all = plan({ split: ['train', 'val'] }).training
  assert.deepEqual([all.split, all.validation], [['train', 'val'], { holdOut: 90 }])
  assert.match(notesOf(plan({ split: 'test' })).join(), /test_split_trained_on/)
})

test('splits that do not exist are refused with those that do, and so is training on the validation data', () => {
  const problems = (training: object, dataset = digits(), other: ImagesManifest | null = null) => {
    try {
      plan(training, dataset, other)
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors.map(({ path, code, message }) => `${path} ${code}: ${message}`)
    }
    return []
  }
  assert.deepEqual(problems({ split: 'dev', validation: { split: 'vla' } }), [
    "/training/validation/split unknown_split: 'digits' has no split 'vla', but 'train', 'val', 'test'",
    "/training/split unknown_split: 'digits' has no split 'dev', but 'train', 'val', 'test'",
  ])
  assert.match(
    problems({ validation: { split: 'val' } }, digitsManifest()).join(),
    /^\/training\/validation\/split unknown_split: 'digits' has no splits/,
  )
  assert.match(
    problems({ split: ['train', 'val'], validation: { split: 'val' } }).join(),
    /^\/training\/validation\/split contradiction: split 'val' is trained on/,
  )
  // by its id, the same data set is the same
  const itself = { dataset: 'digits', split: 'train' }
  assert.match(
    problems({ split: 'train', validation: itself }, digits(), digits()).join(),
    /contradiction/,
  )
  const onlyTest = digits({ splits: [split('test', [1000, 0, 0])] })
  assert.match(problems({}, onlyTest).join(), /^\/training\/split required: 'digits' has only/)
})

test('a trainer gets the shards of its splits only', async () => {
  const job = plan()
  const task = await buildTask(job, 1, { resumedFrom: 0, threads: null }, async () => digits())
  const names = (manifest: { shards: Shard[] } | null) => manifest!.shards.map(({ name }) => name)
  assert.deepEqual(names(task.dataset), ['shards/a', 'shards/b'])
  assert.deepEqual(names(task.validation), ['shards/c'])
  assert.deepEqual([task.dataset.records, task.validation!.records], [700, 200])
})

test('the statistics of several splits are those of all their images', () => {
  const both = partOf(digits(), ['train', 'val'])
  assert.deepEqual(both.classCounts, [200, 350, 350])
  const mean = (700 * 30 + 200 * 40) / 900
  assert.deepEqual(both.mean, [mean])
  const variance = (700 * (100 + (30 - mean) ** 2) + 200 * (100 + (40 - mean) ** 2)) / 900
  assert.ok(Math.abs(both.std[0]! - Math.sqrt(variance)) < 1e-12)
  assert.throws(() => partOf(digits(), ['dev']), /has not all of the splits dev/)
})

const table: TableManifest = {
  ...{ id: 'ds-00000000000000aa', name: 'iris', createdAt: identity.createdAt, kind: 'table' },
  ...{ records: 100, target: 'kind', sample: [] },
  columns: [
    { name: 'size', type: 'number', missing: 9, distinct: 50, min: 0, max: 9, mean: 4 },
    {
      name: 'kind',
      type: 'category',
      missing: 5,
      distinct: 2,
      categories: ['a', 'b'],
      counts: [50, 45],
    },
  ],
  splits: [
    {
      ...{ name: 'train', records: 60 },
      columns: [
        { name: 'size', missing: 2 },
        { name: 'kind', missing: 4, counts: [30, 26] },
      ],
    },
    { name: 'val', records: 40, columns: [{ name: 'kind', missing: 1, counts: [20, 19] }] },
  ],
  shards: [shard('t0', 60, 'train'), shard('t1', 40, 'val')],
}

test('boosting counts the rows of its splits', () => {
  const request = { model: { kind: 'boosting' as const }, dataset: 'iris' }
  const job = planJob(identity, request, table, null)
  assert.ok(isBoosting(job))
  assert.deepEqual([job.training.split, job.training.validation], [['train'], { split: 'val' }])
  assert.equal(job.training.rows, 56)
  assert.match(notesOf(job).join('\n'), /4 rows of 'iris:train' without a value of the target/)
  const { training, validation } = partsOfPlan(job.training, table, null)
  assert.equal(training.columns[0]!.missing, 2)
  assert.equal(validation!.columns[0]!.missing, 0)
  assert.deepEqual(
    training.columns.map(column => ('counts' in column ? column.counts : null)),
    [null, [30, 26]],
  )
})
