// What a published model keeps of the data that it was trained on, for drift.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ModelRegistry } from '../../../src/models/registry.js'
import { planJob, planNetworkJob } from '../../../src/planning/plan.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import { isBoosting } from '../../../src/spec/job.js'
import type { FeatureBins, Reference } from '../../../src/spec/model-watch.js'
import type { Store } from '../../../src/store/store.js'
import { readReference } from '../../../src/watching/reference.js'
import { readMnist } from '../../../testing/mnist.js'
import { newJobId } from '../../../testing/running-job.js'
import { runBoostingAttempt } from '../../../workers/attempts/boosting-attempt.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'
import { runAttempt, runNetwork } from './run-attempt.js'

const identity = () => ({ id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' })

async function referenceOf(store: Store, messages: readonly FromTrainer[]): Promise<Reference> {
  const finished = messages.at(-1)
  assert.ok(finished?.type === 'finished', JSON.stringify(finished))
  const { id, version } = finished.model
  const folder = await new ModelRegistry(store).folder({ name: id, version })
  const reference = await readReference(folder, `models/${id}/${version}`)
  assert.ok(reference)
  return reference
}

const totalOf = (bins: FeatureBins) =>
  bins.counts.reduce((sum, count) => sum + count, bins.missing) +
  (bins.kind === 'category' ? bins.other : 0)

test('trees keep histograms of their training rows, and of their answers to the validation rows', async t => {
  const { datasets, store, uploadTable } = await freshDatasets(t)
  const count = 2000
  const lines = Array.from({ length: count }, (_, n) => {
    const city = ['ulm', 'bonn', 'jena'][n % 3]
    return `${n % 10 === 0 ? '' : n % 100},${city},${(n % 100) * (n % 3)}`
  })
  const csv = Buffer.from(['area,city,price', ...lines].join('\n'))
  const { dataset } = await uploadTable(
    { 't.csv': csv },
    { target: 'price', splits: '{"val":0.25,"by":"random"}' },
  )
  const job = planJob(
    identity(),
    { model: { kind: 'boosting', rounds: 5 }, dataset: dataset.name },
    dataset,
    null,
  )
  assert.ok(isBoosting(job))
  const resources = { threads: 1, gpu: false }
  const messages = await runAttempt({ datasets, store }, job, deps =>
    runBoostingAttempt({ ...deps, resources, limitThreads: () => {}, gang: null }),
  )
  const { inputs, scores } = await referenceOf(store, messages)
  assert.deepEqual([inputs.part, inputs.rows, inputs.of], ['training', 1500, 1500])
  assert.deepEqual([scores.part, scores.rows], ['validation', 500])
  const area = inputs.features.find(({ name }) => name === 'area')!
  const city = inputs.features.find(({ name }) => name === 'city')!
  assert.ok(area.kind === 'number' && city.kind === 'category')
  assert.deepEqual([area.index, city.index], [0, 1])
  assert.deepEqual([area.edges[0], area.edges.at(-1)], [1, 99])
  assert.ok(area.missing > 100 && area.missing < 200)
  assert.deepEqual([...city.values].sort(), ['bonn', 'jena', 'ulm'])
  assert.deepEqual([...inputs.features, ...scores.features].map(totalOf), [1500, 1500, 500])
  assert.deepEqual(
    scores.features.map(({ name }) => name),
    ['value'],
  )
})

test('networks keep histograms of the brightness of images, and of the classes that they answer', async t => {
  const { datasets, store, upload } = await freshDatasets(t)
  await upload(await mnistSlice(300), { name: 'digits' })
  const dataset = (await datasets.get('digits')) as ImagesManifest
  const request = {
    model: { kind: 'resnet', blocks: 1, filters: 4 } as const,
    dataset: 'digits',
    training: { steps: 4, batchSize: 16, validation: { holdOut: 1 / 3 } },
  }
  const job = planNetworkJob(identity(), request, dataset, null)
  const messages = await runNetwork({ datasets, store }, job)
  const { inputs, scores } = await referenceOf(store, messages)
  assert.deepEqual(
    [inputs.part, inputs.rows, scores.part, scores.rows],
    [...['training', 200, 'validation', 100]],
  )
  assert.deepEqual(
    [...inputs.features, ...scores.features].map(({ name }) => name),
    ['brightness', 'contrast', 'class', 'probability'],
  )
  assert.deepEqual([...inputs.features, ...scores.features].map(totalOf), [200, 200, 100, 100])
  const brightness = inputs.features[0]!
  assert.ok(brightness.kind === 'number')
  const { images } = await readMnist('t10k', 300)
  const means = Array.from({ length: 300 }, (_, i) => {
    const pixels = images.subarray(16 + i * 784, 16 + (i + 1) * 784)
    return Math.fround(pixels.reduce((sum, value) => sum + value, 0) / 784)
  })
  for (const edge of brightness.edges)
    assert.ok(
      means.some(mean => Math.abs(mean - edge) < 1e-3),
      `${edge} is no mean`,
    )
})
