// A job on a data set with splits is the job on data sets of the same images, one for each split.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Table } from '../../../src/boosting/training-table.js'
import { planJob, planNetworkJob } from '../../../src/planning/plan.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import { isBoosting, type NetworkJobRequest } from '../../../src/spec/job.js'
import { newJobId } from '../../../testing/running-job.js'
import { openTables } from '../../../workers/attempts/boosting-tables.js'
import { buildTask } from '../../../workers/supervision/trainer-task.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'
import { runNetwork } from './run-attempt.js'

test('a job on splits ends with the bytes of a job on two data sets, in memory and streaming', async t => {
  const { datasets, store, upload } = await freshDatasets(t)
  await upload(await mnistSlice(200), { name: 'digits' })
  const split = { kind: 'split', shares: { val: 0.2, test: 0.2 } } as const
  await datasets.derive(await datasets.planDerivation('digits', [split]), 'parts')
  for (const name of ['train', 'val']) {
    const steps = [{ kind: 'filter' as const, splits: [name] }]
    await datasets.derive(await datasets.planDerivation('parts', steps), name)
  }
  const find = async (name: string) => (await datasets.get(name)) as ImagesManifest

  const train = async (request: Pick<NetworkJobRequest, 'dataset' | 'training'>) => {
    const { dataset, training = {} } = request
    const validation = training.validation
    const other =
      typeof validation === 'object' && 'dataset' in validation
        ? await find(validation.dataset)
        : null
    const job = planNetworkJob(
      { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' },
      {
        model: { kind: 'resnet', blocks: 1, filters: 4 },
        dataset,
        training: {
          ...{ steps: 4, batchSize: 16, validateEvery: 2, classWeights: 'balanced' as const },
          ...training,
        },
      },
      await find(dataset),
      other,
    )
    const messages = await runNetwork({ datasets, store }, job)
    const rows = messages.flatMap(message => (message.type === 'metrics' ? message.row : []))
    const folder = await store.folder(`jobs/${job.id}/checkpoints/4`)
    const files = (await readdir(folder)).filter(name => name.startsWith('model.ckpt-4.data'))
    const weights = await readFile(join(folder, files[0]!))
    return {
      // all but the time that it took
      values: rows.map(({ step, values: { examplesPerSecond: _, ...values } }) => ({
        step,
        ...values,
      })),
      weights: createHash('sha256').update(weights).digest('hex'),
      normalization: job.normalization,
    }
  }
  for (const input of ['in-memory', 'streaming'] as const) {
    const apart = await train({
      dataset: 'train',
      training: { input, validation: { dataset: 'val' } },
    })
    assert.ok(apart.values.some(row => 'validationLoss' in row))
    assert.deepEqual(await train({ dataset: 'parts', training: { input } }), apart, input)
    const elsewhere = { dataset: 'parts', split: 'val' }
    assert.deepEqual(
      await train({ dataset: 'train', training: { input, validation: elsewhere } }),
      apart,
    )
  }
})

test('boosting trains and validates on the rows of its splits', async t => {
  const { datasets, uploadTable } = await freshDatasets(t)
  const rows = Array.from({ length: 40 }, (_, n) => `${n},${n % 4 === 1 ? '' : n % 3},${n}`)
  const csv = Buffer.from(['a,y,b', ...rows].join('\n'))
  const { dataset } = await uploadTable(
    { 't.csv': csv },
    { target: 'y', splits: '{"val":0.25,"test":0.25,"by":"time","column":"a"}' },
  )
  const job = planJob(
    { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' },
    { model: { kind: 'boosting' }, dataset: dataset.name },
    dataset,
    null,
  )
  assert.ok(isBoosting(job))
  const task = {
    ...(await buildTask(job, 1, { resumedFrom: 0, threads: null }, id => datasets.get(id))),
    job,
  }
  const { training, validation } = await openTables(task, datasets)
  const columnOf = (table: Table | null) =>
    [...table!.batches()].flatMap(({ columns }) => [...columns[0]!])
  const withTarget = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => from + i).filter(n => n % 4 !== 1)
  assert.deepEqual(columnOf(training), withTarget(0, 20))
  assert.deepEqual(columnOf(validation), withTarget(20, 30))
  assert.equal(job.training.rows, 15)
})
