import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { findInitialSource, type InitSourceLookup } from '../../src/planning/init-source.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { InitFrom } from '../../src/spec/init-from.js'
import type { NetworkJob } from '../../src/spec/job.js'
import type { Model } from '../../src/spec/model.js'
import type { NetworkOptions, NetworkRequest } from '../../src/spec/model-options.js'
import type { WeightsManifest, WeightsTensor } from '../../src/spec/weights.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }
const photos = digitsManifest({
  name: 'photos',
  height: 64,
  width: 64,
  channels: 3,
  mean: [99, 98, 97],
  std: [61, 62, 63],
})
const resnet50: NetworkRequest = { kind: 'resnet', depth: 50, version: 1 }

const tensor = (name: string, ...shape: number[]): WeightsTensor => ({
  name,
  dtype: 'float32',
  shape,
})
const slim = [
  tensor('global_step'),
  tensor('resnet_v1_50/conv1/weights', 7, 7, 3, 64),
  tensor('resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights', 1, 1, 64, 64),
]

interface Found {
  tensors?: WeightsTensor[]
  weights?: Partial<WeightsManifest>
  model?: Partial<Model['model']>
  input?: { mean: number[]; std: number[] }
  job?: Partial<NetworkJob>
  datasetGone?: boolean
}

const lookupOf = (found: Found): InitSourceLookup => ({
  findModel: async () =>
    ({ version: 2, model: found.model ?? { kind: 'vgg' }, input: found.input }) as Model,
  findWeights: async id =>
    ({ id, name: 'uploaded', tensors: found.tensors ?? [], ...found.weights }) as WeightsManifest,
  findJob: async id =>
    ({
      id,
      model: { kind: 'vgg' },
      dataset: { id: 'ds-1', name: 'd' },
      ...found.job,
    }) as NetworkJob,
  findDataset: async () => {
    if (found.datasetGone) throw new TrainyardError('DATASET_NOT_FOUND', 'there is none')
    return digitsManifest({ mean: [1, 2, 3], std: [4, 5, 6] })
  },
  checkpoints: async () => [{ step: 9, format: 'tensorflow' }],
  modelTensors: async () => null,
  checkpointTensors: async () => null,
})

async function plan(
  initFrom: InitFrom,
  found: Found = {},
  model = resnet50,
  dataset: ImagesManifest = photos,
) {
  const initial = await findInitialSource(initFrom, lookupOf(found))
  const request = { model, dataset: 'photos', initFrom, training: { batchSize: 8 } }
  return planNetworkJob(identity, request, dataset, null, initial)
}

const weights = { weights: 'wt-0123456789abcdef' }
const job = { job: identity.id }
const codes = ({ notes = [] }: NetworkJob) => notes.map(({ code }) => code)

test('a job normalizes images as those of its initial weights were', async () => {
  const own = { mean: photos.mean, std: photos.std, from: 'dataset' }
  const caffe = { mean: [123.68, 116.779, 103.939], std: [1, 1, 1] }
  const inception = { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] }
  const given = { mean: [1, 2, 3], std: [4, 5, 6] }
  const black = { mean: [0.3, 0.3, 0.3], std: [0.4, 0.4, 0.4] }
  const unknown = ['normalization_unknown']
  const cases: [InitFrom, Found, object, string[]][] = [
    [{ model: 'm' }, { input: given }, { ...given, from: 'weights' }, []],
    [
      job,
      { job: { normalization: { ...given, from: 'request' } } },
      { ...given, from: 'weights' },
      [],
    ],
    // images whose pixels are 0 or 1
    [{ model: 'm' }, { input: black }, { ...black, from: 'weights' }, []],
    // a job of before there was `normalization` has that of its data set
    [job, {}, { ...given, from: 'weights' }, []],
    [job, { datasetGone: true }, own, unknown],
    [weights, {}, own, unknown],
    [weights, { weights: { normalize: 'caffe' } }, { ...caffe, from: 'weights' }, []],
    [{ ...weights, normalize: 'inception' }, {}, { ...inception, from: 'request' }, []],
    [
      { ...weights, normalize: 'caffe' },
      { weights: { normalize: 'inception' } },
      { ...caffe, from: 'request' },
      [],
    ],
    [{ ...weights, normalize: 'dataset' }, { weights: { normalize: 'caffe' } }, own, []],
    [
      { ...weights, normalize: { mean: [0], std: [255] } },
      {},
      { mean: [0, 0, 0], std: [255, 255, 255], from: 'request' },
      [],
    ],
    // weights that learnt from grey images
    [{ model: 'm' }, { input: { mean: [7], std: [8] } }, own, unknown],
  ]
  for (const [initFrom, found, normalization, notes] of cases) {
    const planned = await plan(initFrom, found)
    assert.deepEqual(planned.normalization, normalization, JSON.stringify(initFrom))
    assert.deepEqual(codes(planned), notes, JSON.stringify(initFrom))
  }
})

test('a normalization that cannot be meant is refused', async () => {
  const grey = digitsManifest({ height: 64, width: 64 })
  const torchvision = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
  await assert.rejects(plan({ ...weights, normalize: torchvision }), {
    code: 'INVALID_JOB',
    message: /are for pixels from 0 to 1, but pixels are from 0 to 255 here: multiply both by 255/,
  })
  await assert.rejects(plan({ ...weights, normalize: { mean: [1, 2], std: [1] } }), {
    message: /has 2 values of mean, but the images have 3 channels/,
  })
  await assert.rejects(plan({ ...weights, normalize: 'caffe' }, {}, resnet50, grey), {
    message: /'caffe' has 3 values of mean, but the images have 1 channel$/,
  })
})

test('the note about an unknown normalization names what published weights of the network need', async () => {
  for (const [name, hint] of [
    ['vgg_16/conv1/conv1_1/weights', /TF-Slim published need 'caffe'/],
    ['resnet_v2_101/conv1/weights', /TF-Slim published need 'inception'/],
    ['resnet/conv_0/weights', /or { mean, std }$/],
  ] as const) {
    const { notes } = await plan(weights, { tensors: [tensor(name, 7, 7, 3, 64)] })
    assert.match(notes![0]!.message, hint)
  }
})

test("ResNet v1 has the layout of its weights: TF-Slim's checkpoints have tf-slim", async () => {
  const folded = tensor('resnet_v1_50/conv1/folded_weights', 7, 7, 3, 64)
  const mark = (layout: string) => tensor(`trainyard/layout/${layout}`)
  const cifar = slim.map(each => (each.shape[0] === 7 ? { ...each, shape: [3, 3, 3, 64] } : each))
  const v1: Partial<NetworkOptions> = { kind: 'resnet', depth: 50, version: 1 }
  const [fromWeights, fromOthers] = [['layout_from_weights'], ['layout_of_others']]
  const cases: [InitFrom, Found, NetworkRequest, string | undefined, string[]][] = [
    [weights, { tensors: slim }, resnet50, 'tf-slim', fromWeights],
    [weights, { tensors: slim }, { ...resnet50, layout: 'tf-slim' }, 'tf-slim', []],
    [weights, { tensors: slim }, { ...resnet50, layout: 'torchvision' }, 'torchvision', fromOthers],
    [weights, { tensors: [...slim, folded] }, resnet50, 'torchvision', []],
    [weights, { tensors: [...slim, mark('torchvision')] }, resnet50, 'torchvision', []],
    [weights, { tensors: [...slim, folded, mark('tf-slim')] }, resnet50, 'tf-slim', fromWeights],
    [weights, { tensors: cifar }, resnet50, 'torchvision', []],
    [weights, { tensors: slim }, { kind: 'resnet', depth: 50 }, undefined, []],
    [{ model: 'm' }, { model: { ...v1, layout: 'tf-slim' } }, resnet50, 'tf-slim', []],
    [job, { job: { model: v1 as NetworkOptions } }, resnet50, 'torchvision', []],
  ]
  for (const [i, [initFrom, found, model, layout, notes]] of cases.entries()) {
    const input = { mean: [1, 1, 1], std: [1, 1, 1] }
    const planned = await plan(
      initFrom,
      { weights: { normalize: 'caffe' }, input, ...found },
      model,
    )
    assert.equal('layout' in planned.model ? planned.model.layout : undefined, layout, `case ${i}`)
    assert.deepEqual(codes(planned), notes, `case ${i}`)
  }
  const other = plan(
    { model: 'm' },
    { model: { ...v1, layout: 'tf-slim' }, input: { mean: [1, 1, 1], std: [1, 1, 1] } },
    { ...resnet50, layout: 'torchvision' },
  )
  await assert.rejects(other, {
    code: 'INVALID_JOB',
    message: /model 'm', version 2, have the layout 'tf-slim', and compute something else/,
  })
})
