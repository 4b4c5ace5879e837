// What a published model keeps of its evaluation is what it predicts for the records at the indices that are given.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Booster } from '../../../src/boosting/booster.js'
import { TreePredictor } from '../../../src/boosting/tree-predictor.js'
import { datasetKey } from '../../../src/datasets/stored/dataset-key.js'
import { readPixels } from '../../../src/datasets/stored/stored-pixels.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import { loadTensorFlow } from '../../../src/engine/tensorflow.js'
import { ModelRegistry } from '../../../src/models/registry.js'
import { planJob, planNetworkJob } from '../../../src/planning/plan.js'
import { readEvaluationRecords } from '../../../src/predictions/evaluation-file.js'
import { openNetwork } from '../../../src/runtimes/open-network.js'
import type { DatasetManifest, ImagesManifest } from '../../../src/spec/dataset.js'
import { partsOfPlan } from '../../../src/spec/dataset-part.js'
import {
  type EvaluatedRecords,
  evaluationRecordsFile,
} from '../../../src/spec/evaluation-records.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import {
  type BoostingJobRequest,
  isBoosting,
  type NetworkJobRequest,
  type TrainingJob,
} from '../../../src/spec/job.js'
import type { BoostingModel, Model, NetworkModel } from '../../../src/spec/model.js'
import { newJobId } from '../../../testing/running-job.js'
import { runBoostingAttempt } from '../../../workers/attempts/boosting-attempt.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'
import { runAttempt, runNetwork } from './run-attempt.js'

type Fresh = Awaited<ReturnType<typeof freshDatasets>>

const identity = () => ({ id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' })

async function otherDataset({ datasets }: Fresh, validation: unknown) {
  if (typeof validation !== 'object' || validation === null || !('dataset' in validation))
    return null
  return datasets.get(validation.dataset as string)
}

async function modelOf({ store }: Fresh, messages: readonly FromTrainer[]): Promise<Model> {
  const finished = messages.at(-1)
  assert.ok(finished?.type === 'finished', JSON.stringify(finished))
  return new ModelRegistry(store).get(finished.model.id, finished.model.version)
}

/** What the file beside the model says, with checks of its form that hold for all. */
async function recordsOf(fresh: Fresh, model: Model, job: TrainingJob, others: DatasetManifest[]) {
  const models = new ModelRegistry(fresh.store)
  const path = join(await models.folder(model), evaluationRecordsFile)
  const { names } = await models.files(model)
  assert.ok(names.includes(evaluationRecordsFile))
  await models.assertIntact(model)
  const { head, records } = await readEvaluationRecords(path)
  const dataset = await fresh.datasets.get(job.dataset.id)
  const whole = others.find(({ id }) => id === head.dataset) ?? dataset
  assert.equal(head.dataset, whole.id)
  assert.equal(head.evaluated, records.index.length)
  assert.equal(new Set(records.index).size, records.index.length)
  return { whole, records, bytes: await readFile(path) }
}

async function trainNetwork(fresh: Fresh, request: Omit<NetworkJobRequest, 'model'>) {
  const dataset = (await fresh.datasets.get(request.dataset)) as ImagesManifest
  const other = (await otherDataset(fresh, request.training?.validation)) as ImagesManifest | null
  const training = { steps: 6, batchSize: 16, validateEvery: 2, ...request.training }
  const job = planNetworkJob(
    identity(),
    {
      ...request,
      model: { kind: 'resnet', blocks: 1, filters: 4 },
      training,
      serving: { precision: 'fp32' },
    },
    dataset,
    other,
  )
  const model = (await modelOf(fresh, await runNetwork(fresh, job))) as NetworkModel
  const kept = await recordsOf(fresh, model, job, other ? [other] : [])
  const parts = partsOfPlan(job.training, dataset, other)
  return { model, ...kept, validation: parts.validation }
}

/** What the published network predicts for images of a data set. */
async function predictImages(
  fresh: Fresh,
  model: NetworkModel,
  images: ImagesManifest,
  indices: number[],
) {
  const folder = await new ModelRegistry(fresh.store).servedModel(model)
  const options = { threads: 1, runtime: 'tensorflow', precision: 'fp32' } as const
  const network = await openNetwork(loadTensorFlow(), folder, options)
  const { id, height, width, channels } = images
  const key = datasetKey(id)
  const stored = { manifest: images, folder: await fresh.store.folder(key), key }
  const data = new Float32Array(indices.length * height * width * channels)
  let at = 0
  for await (const { pixels } of readPixels(stored, indices)) {
    data.set(pixels.values, at)
    at += pixels.values.length
  }
  const output = await network.run({ data, shape: [indices.length, height, width, channels] })
  network.close()
  return output
}

const assertSorted = (records: EvaluatedRecords) => {
  const { length } = records.index
  const badness = Array.from({ length }, (_, i) => {
    if (records.kind === 'numbers') return Math.abs(records.target[i]! - records.predicted[i]!)
    const probability = records.probability[i]!
    return records.label[i] === records.predicted[i] ? -probability : probability
  })
  assert.deepEqual(
    badness,
    badness.toSorted((a, b) => b - a),
  )
}

/** The records are those images, with their labels, and what the network says of them; they are the confusion matrix. */
async function assertPredicted(
  fresh: Fresh,
  { model, whole, records }: Awaited<ReturnType<typeof trainNetwork>>,
) {
  assert.ok(records.kind === 'classes' && whole.kind === 'images')
  const { index, label, predicted, probability, labelProbability } = records
  const labels = await fresh.datasets.readLabels(whole)
  const output = await predictImages(fresh, model, whole, [...index])
  const confusion = model.labels.map(() => model.labels.map(() => 0))
  for (const [i, image] of index.entries()) {
    assert.equal(model.labels[label[i]!], whole.labels[labels[image]!], `image ${image}`)
    const row = output.probabilities.subarray(i * output.classes, (i + 1) * output.classes)
    const expected = row.indexOf(Math.max(...row))
    assert.equal(predicted[i], expected, `image ${image}`)
    assert.ok(Math.abs(probability[i]! - row[expected]!) < 1e-4)
    assert.ok(Math.abs(labelProbability[i]! - row[label[i]!]!) < 1e-4)
    confusion[label[i]!]![predicted[i]!]!++
  }
  assert.deepEqual(model.evaluation!.confusionMatrix, confusion)
  assertSorted(records)
}

test('images are those of every kind of split, by their index in the whole data set', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const { datasets } = fresh
  const split = { kind: 'split', shares: { val: 0.2, test: 0.3 } } as const
  await datasets.derive(await datasets.planDerivation('digits', [split]), 'parts')
  const holdOut = 0.2
  const forms: Omit<NetworkJobRequest, 'model'>[] = [
    { dataset: 'digits', training: { validation: holdOut } },
    { dataset: 'digits', training: { validation: { holdOut, by: 'class' } } },
    { dataset: 'parts' },
    { dataset: 'parts', training: { split: ['train', 'val'], validation: { split: 'test' } } },
    { dataset: 'parts', training: { split: ['train', 'test'], validation: holdOut } },
    { dataset: 'digits', training: { validation: { dataset: 'parts' } } },
    { dataset: 'digits', training: { validation: { dataset: 'parts', split: 'test' } } },
  ]
  for (const form of forms) {
    for (const input of ['in-memory', 'streaming'] as const) {
      const request = { ...form, training: { ...form.training, input } }
      const trained = await trainNetwork(fresh, request)
      await t.test(JSON.stringify(request), () => assertPredicted(fresh, trained))
    }
  }
})

test('the best checkpoint is published with its own records, and a job that runs again has the same bytes', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  // a learning rate at which later steps are worse
  const request = {
    dataset: 'digits',
    training: {
      learningRate: 0.5,
      exportBest: true,
      keepBest: { metric: 'validationLoss' as const },
    },
  }
  const trained = await trainNetwork(fresh, request)
  assert.ok(trained.model.step < 6, `step ${trained.model.step} is the best`)
  await assertPredicted(fresh, trained)
  assert.deepEqual((await trainNetwork(fresh, request)).bytes, trained.bytes)
})

test('a validation set whose classes have another order keeps the labels of the training', async t => {
  const fresh = await freshDatasets(t)
  const { images, labels } = await mnistSlice(120)
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
  await fresh.upload(
    { images: images!, labels: labels! },
    { name: 'first', labels: JSON.stringify(names) },
  )
  const turned = labels!.map((label, i) => (i < 8 ? label : 9 - label))
  await fresh.upload(
    { images: images!, labels: Buffer.from(turned) },
    { name: 'second', labels: JSON.stringify(names.toReversed()) },
  )
  const training = { validation: { dataset: 'second' } }
  await assertPredicted(fresh, await trainNetwork(fresh, { dataset: 'first', training }))
})

type Rows = Omit<BoostingJobRequest, 'model'> & { model: Partial<BoostingJobRequest['model']> }

async function trainTrees(fresh: Fresh, request: Rows) {
  const dataset = await fresh.datasets.get(request.dataset)
  const other = await otherDataset(fresh, request.training?.validation)
  const model = { kind: 'boosting' as const, rounds: 8, ...request.model }
  const job = planJob(identity(), { ...request, model }, dataset, other)
  assert.ok(isBoosting(job))
  const resources = { threads: 1, gpu: false }
  const messages = await runAttempt(fresh, job, deps =>
    runBoostingAttempt({ ...deps, resources, limitThreads: () => {}, gang: null }),
  )
  const published = (await modelOf(fresh, messages)) as BoostingModel
  return {
    job,
    model: published,
    ...(await recordsOf(fresh, published, job, other ? [other] : [])),
  }
}

/** What the published trees predict for rows of a table, and their targets. */
async function predictRows(
  fresh: Fresh,
  model: BoostingModel,
  table: DatasetManifest,
  target: string,
  indices: Iterable<number>,
) {
  assert.ok(table.kind === 'table')
  const reader = openTableReader(await fresh.datasets.shardPaths(table), table)
  const columns = model.input.columns.map(({ name }) => reader.column(name))
  const rows = [...indices]
  const values = Float32Array.from(rows.flatMap(row => columns.map(column => column[row]!)))
  const bytes = await readFile(
    join(await new ModelRegistry(fresh.store).folder(model), 'model.ubj'),
  )
  const named = model.input.columns.map(({ name, categories }) => ({ name, categories }))
  using trees = new TreePredictor(Booster.load(bytes), named, model.model.objective, 1)
  const targets = reader.column(target)
  return {
    ...trees.predict({ rows: values, count: rows.length, explain: false }),
    targets: rows.map(row => targets[row]!),
  }
}

async function assertPredictedRows(
  fresh: Fresh,
  { job, model, whole, records }: Awaited<ReturnType<typeof trainTrees>>,
) {
  const target = job.training.target
  const { values, outputs, targets } = await predictRows(fresh, model, whole, target, records.index)
  for (const i of records.index.keys()) {
    if (records.kind === 'numbers') {
      assert.equal(records.target[i], targets[i])
      const middle = values.subarray(i * outputs, (i + 1) * outputs).toSorted()[(outputs - 1) >> 1]!
      assert.ok(Math.abs(records.predicted[i]! - middle) < 1e-4 * Math.max(1, Math.abs(middle)))
      continue
    }
    const row =
      outputs === 1
        ? [1 - values[i]!, values[i]!]
        : [...values.subarray(i * outputs, (i + 1) * outputs)]
    const expected = row.indexOf(Math.max(...row))
    assert.equal(records.label[i], targets[i])
    assert.equal(records.predicted[i], expected)
    assert.ok(Math.abs(records.probability[i]! - row[expected]!) < 1e-5)
    assert.ok(Math.abs(records.labelProbability[i]! - row[targets[i]!]!) < 1e-5)
  }
  if (records.kind === 'classes') {
    const confusion = model.labels.map(() => model.labels.map(() => 0))
    for (const i of records.index.keys()) confusion[records.label[i]!]![records.predicted[i]!]!++
    assert.deepEqual(model.evaluation!.confusionMatrix, confusion)
  }
  assertSorted(records)
}

test('rows are those of every kind of split, by their index in the whole table', async t => {
  const fresh = await freshDatasets(t)
  const rows = (seed: number, count: number) =>
    Array.from({ length: count }, (_, n) => {
      const a = (n * 37 + seed) % 101
      const noise = ((n * 7919 + seed) % 13) - 6
      const kind = ['red', 'green', 'blue'][(a + Math.max(0, noise)) % 3]
      // every ninth row lacks its price
      return `${a},${n % 17},${n % 9 === 4 ? '' : a * 3 + noise},${kind},${a + noise > 50 ? 'yes' : 'no'}`
    })
  const table = (seed: number, count: number) => ({
    't.csv': Buffer.from(['a,place,price,kind,sold', ...rows(seed, count)].join('\n')),
  })
  await fresh.uploadTable(table(1, 300), { name: 'rows' })
  await fresh.uploadTable(table(5, 150), { name: 'others' })
  const splits = '{"train":0.5,"val":0.2,"test":0.3,"by":"random"}'
  await fresh.uploadTable(table(3, 300), {
    name: 'parts',
    splits: splits.replace('"train":0.5,', ''),
  })
  const holdOut = 0.25
  const price = { target: 'price', features: ['a', 'place'] }
  const kind = { target: 'kind', features: ['a', 'place'] }
  const sold = { target: 'sold', features: ['a', 'place'] }
  const quantile = { objective: 'quantile' as const, quantile: [0.1, 0.5, 0.9] }
  const forms: Rows[] = [
    { dataset: 'rows', model: {}, training: { ...price, validation: { holdOut } } },
    { dataset: 'rows', model: quantile, training: { ...price, validation: { holdOut } } },
    { dataset: 'rows', model: {}, training: { ...kind, validation: { holdOut, by: 'class' } } },
    { dataset: 'rows', model: {}, training: { ...sold, validation: { holdOut, by: 'random' } } },
    {
      dataset: 'rows',
      model: {},
      training: { ...price, validation: { holdOut, by: 'group', column: 'place' } },
    },
    {
      dataset: 'rows',
      model: {},
      training: { ...price, validation: { holdOut, by: 'time', column: 'a' } },
    },
    { dataset: 'rows', model: {}, training: { ...price, validation: { holdOut, by: 'time' } } },
    { dataset: 'parts', model: {}, training: sold },
    { dataset: 'parts', model: {}, training: { ...price, validation: { split: 'test' } } },
    {
      dataset: 'parts',
      model: {},
      training: { ...price, split: ['train', 'test'], validation: { holdOut } },
    },
    { dataset: 'rows', model: {}, training: { ...price, validation: { dataset: 'others' } } },
    {
      dataset: 'rows',
      model: { treeMethod: 'exact' },
      training: { ...kind, validation: { dataset: 'parts', split: 'test' } },
    },
  ]
  for (const form of forms) {
    const trained = await trainTrees(fresh, form)
    await t.test(JSON.stringify(form), () => assertPredictedRows(fresh, trained))
    assert.deepEqual((await trainTrees(fresh, form)).bytes, trained.bytes)
  }
})
