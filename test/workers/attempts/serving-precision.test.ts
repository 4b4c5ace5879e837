// What a published network is served in: int8 calibrated on the validation data, and its cost.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasOpenVino } from '../../../src/engine/openvino.js'
import { cpuFlags, supportsBfloat16 } from '../../../src/engine/processor.js'
import { loadTensorFlow } from '../../../src/engine/tensorflow.js'
import { readTensorBundle } from '../../../src/formats/tensor-bundle.js'
import { variablesPrefix } from '../../../src/graph/saved-model.js'
import { ModelRegistry } from '../../../src/models/registry.js'
import { planNetworkJob } from '../../../src/planning/plan.js'
import type { ImageBatch, RuntimeName } from '../../../src/runtimes/network.js'
import { openNetwork } from '../../../src/runtimes/open-network.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import type { NetworkJob, NetworkJobRequest } from '../../../src/spec/job.js'
import type { NetworkModel } from '../../../src/spec/model.js'
import { readMnist } from '../../../testing/mnist.js'
import { newJobId } from '../../../testing/running-job.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'
import { runNetwork } from './run-attempt.js'

/** Learns digits in a few steps. */
const resnet18 = { kind: 'resnet', depth: 18, version: 1, stem: 'imagenet' } as const
const smallNet = { kind: 'resnet', blocks: 1, filters: 4 } as const
const limit = 0.005

type Datasets = Awaited<ReturnType<typeof freshDatasets>>

async function train(
  stores: Pick<Datasets, 'datasets' | 'store'>,
  request: Omit<NetworkJobRequest, 'dataset'>,
  change: (job: NetworkJob) => NetworkJob = job => job,
): Promise<NetworkModel> {
  const dataset = (await stores.datasets.get('digits')) as ImagesManifest
  const identity = { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' }
  const named = { dataset: dataset.name, ...request }
  const job = planNetworkJob(identity, named, dataset, null)
  const messages = await runNetwork(stores, job, change(job))
  const finished = messages.at(-1)
  assert.ok(finished?.type === 'finished')
  const { id, version } = finished.model
  return (await new ModelRegistry(stores.store).get(id, version)) as NetworkModel
}

/** The bytes of all files of a folder, by their paths in it. */
async function contents(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(e => join(e.parentPath, e.name))
  const read = files.map(async file => [file.slice(folder.length), await readFile(file)] as const)
  return Object.fromEntries(await Promise.all(read))
}

test('int8 is within half a point of fp32, and the same in TensorFlow and OpenVINO', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(1500), { name: 'digits', resize: '32' })
  const models = new ModelRegistry(fresh.store)
  const request = {
    model: resnet18,
    training: { steps: 60, batchSize: 32, validation: { holdOut: 1 / 3 } },
    serving: { precision: 'int8' as const },
  }
  const model = await train(fresh, request)
  const { precision: card } = model
  assert.ok(card)
  assert.equal(card.requested, 'int8')
  assert.equal(card.served, 'int8')
  assert.deepEqual(card.measured, { part: 'validation', images: 500 })
  assert.deepEqual(card.calibrated, { part: 'validation', images: 300 })
  const [fp32, int8] = card.accuracies
  assert.equal(fp32!.precision, 'fp32')
  assert.equal(fp32!.accuracy, model.metrics.validationAccuracy)
  assert.ok(fp32!.accuracy > 0.8, `the network has learnt too little: ${fp32!.accuracy}`)
  assert.ok(int8!.accuracyLoss <= limit, `int8 loses ${int8!.accuracyLoss}`)
  assert.ok(int8!.agreement >= 0.98, `agreement ${int8!.agreement}`)
  assert.deepEqual(card.notes, [])

  const folder = await models.servedModel(model)
  assert.match(folder, /saved_model_int8$/)
  const bundle = await readTensorBundle(`${variablesPrefix(folder)}.index`)
  const filters = bundle!.tensors.filter(({ name }) => name.endsWith('/int8'))
  // all convolutions: two in each of eight units, the stem and three shortcuts; not the dense layer
  assert.equal(filters.length, 20)

  // TensorFlow computes the roundings in float32, OpenVINO computes in integers
  const open = (runtime: RuntimeName) =>
    openNetwork(loadTensorFlow(), folder, { threads: 1, runtime, precision: 'int8' })
  const networks = await Promise.all([open('tensorflow'), open('openvino')])
  t.after(() => {
    for (const network of networks) network.close()
  })
  const digits = await paddedDigits(100)
  const [simulated, real] = await Promise.all(networks.map(network => network.run(digits)))
  const differences = simulated!.probabilities.map((p, i) => Math.abs(p - real!.probabilities[i]!))
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length
  assert.ok(mean < 0.005, `the probabilities differ by ${mean}`)
})

/** Digits of MNIST in the middle of 32 x 32 pixels. */
async function paddedDigits(count: number): Promise<ImageBatch> {
  const { images } = await readMnist('train', count)
  const data = new Uint8Array(count * 32 * 32)
  for (let row = 0; row < count * 28; row++) {
    const [image, y] = [Math.floor(row / 28), row % 28]
    const start = 16 + row * 28
    data.set(images.subarray(start, start + 28), (image * 32 + y + 2) * 32 + 2)
  }
  return { data, shape: [count, 32, 32, 1] }
}

test('another attempt publishes the same bytes', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const request = {
    model: smallNet,
    training: { steps: 2, batchSize: 16 },
    serving: { precision: 'int8' as const, maxAccuracyLoss: 1 },
  }
  const models = new ModelRegistry(fresh.store)
  const [first, second] = [await train(fresh, request), await train(fresh, request)]
  assert.deepEqual(second.precision, first.precision)
  for (const folder of ['savedModel', 'servedModel'] as const) {
    assert.deepEqual(
      await contents(await models[folder](second)),
      await contents(await models[folder](first)),
    )
  }
})

test('a precision that costs more than the limit is refused, and the model served in fp32', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  // a limit that no precision keeps, not even one that predicts the same
  const beyond = (job: NetworkJob): NetworkJob => ({
    ...job,
    serving: { precision: 'int8', maxAccuracyLoss: -2 },
  })
  const training = { steps: 2, batchSize: 16 }
  const model = await train(fresh, { model: smallNet, training }, beyond)
  const { precision: card } = model
  assert.equal(card!.requested, 'int8')
  assert.equal(card!.served, 'fp32')
  assert.equal(card!.accuracies.length, 2)
  assert.deepEqual(
    card!.notes.map(({ code }) => code),
    ['precision_refused'],
  )
  const folder = await new ModelRegistry(fresh.store).servedModel(model)
  assert.match(folder, /saved_model$/)
  assert.ok(!(await readdir(join(folder, '..'))).includes('saved_model_int8'))
})

test('without validation data, a precision is measured on images of the training, which is said', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const training = { steps: 2, batchSize: 16, validation: { holdOut: 0 } }
  const codes = ['precision_measured_in_training']
  const { precision: card } = await train(
    fresh,
    { model: smallNet, training, serving: { precision: 'int8' } },
    job => {
      assert.deepEqual(
        job.notes?.map(({ code }) => code),
        codes,
      )
      return job
    },
  )
  assert.deepEqual(card!.measured, { part: 'training', images: 200 })
  assert.ok(card!.notes.some(({ code }) => code === codes[0]))
})

test('a job that is older than the options publishes a model in fp32', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const { precision: card } = await train(
    fresh,
    { model: smallNet, training: { steps: 2 } },
    ({ serving: _, ...old }) => old,
  )
  assert.equal(card!.served, 'fp32')
  assert.deepEqual(card!.accuracies, [])
})

test('by default a model is served in bf16 where that was measured, else in fp32', async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const serving = { maxAccuracyLoss: 1 }
  const model = await train(fresh, { model: smallNet, training: { steps: 2 }, serving })
  const card = model.precision!
  assert.equal(card.requested, 'auto')
  if (supportsBfloat16(cpuFlags()) && hasOpenVino()) {
    assert.equal(card.served, 'bf16')
    assert.deepEqual(card.measured, { part: 'validation', images: 20 })
    assert.deepEqual(
      card.accuracies.map(({ precision, runtime }) => [precision, runtime]),
      [
        ['fp32', 'openvino'],
        ['bf16', 'openvino'],
      ],
    )
  } else {
    assert.equal(card.served, 'fp32')
    assert.deepEqual(
      card.notes.map(({ code }) => code),
      ['precision_unmeasured'],
    )
  }
  // the same graph
  assert.match(await new ModelRegistry(fresh.store).servedModel(model), /saved_model$/)
})
