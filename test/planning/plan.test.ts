import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrainyardError } from '../../src/errors.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import type { TableManifest } from '../../src/spec/dataset.js'
import type { NetworkJobRequest } from '../../src/spec/job.js'
import type { ImageValidation } from '../../src/spec/validation-split.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

const plan = (
  request: Partial<NetworkJobRequest> = {},
  validation: ReturnType<typeof digitsManifest> | null = null,
) =>
  planNetworkJob(
    identity,
    { model: { kind: 'resnet' }, dataset: 'digits', ...request },
    digitsManifest(),
    validation,
  )

test('a model and a data set are enough for a job', () => {
  const job = plan()
  assert.equal(job.name, 'resnet-digits')
  assert.deepEqual(job.model, {
    kind: 'resnet',
    block: 'plain',
    blocks: 5,
    filters: 64,
    kernel: 3,
    ratio: 4,
  })
  assert.deepEqual(job.training.validation, { holdOut: 100 })
  assert.equal(job.training.stepsPerEpoch, 14)
  assert.equal(job.training.steps, 140)
  const { checkpointEvery, checkpointSeconds } = job.training
  assert.deepEqual([checkpointEvery, checkpointSeconds], [null, null])
})

test('with a separate validation data set, all records are trained on', () => {
  const other = digitsManifest({ id: 'ds-fedcba9876543210', name: 'others' })
  const { training } = plan({ training: { validation: { dataset: 'others' } } }, other)
  assert.deepEqual(training.validation, { dataset: other.id })
  assert.equal(training.stepsPerEpoch, 15)
})

test('up to 1 GiB of pixels stay in memory, unless the request says otherwise', () => {
  const large = digitsManifest({ height: 224, width: 224, channels: 3, records: 10_000 })
  const formOf = (dataset: typeof large, input?: 'auto' | 'in-memory' | 'streaming') => {
    const request: NetworkJobRequest = {
      model: { kind: 'resnet' },
      dataset: 'digits',
      training: input ? { input } : {},
    }
    return planNetworkJob(identity, request, dataset, null).training.input
  }
  assert.equal(formOf(digitsManifest()), 'in-memory')
  assert.equal(formOf(digitsManifest(), 'streaming'), 'streaming')
  assert.equal(formOf(large, 'auto'), 'streaming')
  assert.equal(formOf(large, 'in-memory'), 'in-memory')
})

test('the default batch fits the data, and the plan says so', () => {
  const of = (records: number, training: NetworkJobRequest['training'] = {}) => {
    const request: NetworkJobRequest = { model: { kind: 'resnet' }, dataset: 'digits', training }
    const { training: plan, notes } = planNetworkJob(
      identity,
      request,
      digitsManifest({ records }),
      null,
    )
    return [plan.batchSize, plan.stepsPerEpoch, ...notes!.map(({ code }) => code)]
  }
  assert.deepEqual(of(1000), [64, 14])
  // 64 of 71 are left to train on
  assert.deepEqual(of(71), [64, 1])
  assert.deepEqual(of(70), [63, 1, 'batch_size_fitted'])
  assert.deepEqual(of(30), [27, 1, 'batch_size_fitted'])
  assert.deepEqual(of(30, { accumulateSteps: 4 }), [6, 1, 'batch_size_fitted'])
  assert.deepEqual(of(30, { batchSize: 8 }), [8, 3])
  assert.deepEqual(of(4), [4, 1, 'nothing_held_out', 'batch_size_fitted'])
  assert.deepEqual(of(1), [1, 1, 'nothing_held_out', 'batch_size_fitted'])
  assert.deepEqual(of(4, { validation: 0, batchSize: 2 }), [2, 2])
  // a batch that was asked for is not changed without a word
  assert.throws(() => of(30, { batchSize: 28 }), /batchSize is 28, but .* has 27 records/)
})

test('a plan repeats what the upload said of the images', () => {
  const note = { code: 'one_class', message: "all images have the class '0'" } as const
  const dataset = digitsManifest({ notes: [note] })
  const request: NetworkJobRequest = { model: { kind: 'resnet' }, dataset: 'digits' }
  assert.deepEqual(planNetworkJob(identity, request, dataset, null).notes, [note])
})

test('the images to hold out can be chosen by class', () => {
  const of = (validation: ImageValidation, counts?: number[]) => {
    const request: NetworkJobRequest = {
      model: { kind: 'resnet' },
      dataset: 'digits',
      training: { validation },
    }
    const dataset = digitsManifest(counts && { classCounts: counts })
    const { training, notes } = planNetworkJob(identity, request, dataset, null)
    return [training.validation, ...notes!.map(({ code }) => code)]
  }
  assert.deepEqual(of({ holdOut: 0.2 }), [{ holdOut: 200 }])
  assert.deepEqual(of({ holdOut: 0.2, by: 'random' }), [{ holdOut: 200 }])
  const byClass = { holdOut: 0.2, by: 'class' } as const
  assert.deepEqual(of(byClass), [{ holdOut: 200, by: 'class' }])
  assert.deepEqual(of(byClass, [998, 1, 1]), [{ holdOut: 200, by: 'class' }, 'class_not_validated'])
  const few = of({ holdOut: 0.002, by: 'class' })
  assert.deepEqual(few, [{ holdOut: 2, by: 'class' }, 'class_not_validated'])
})

test('L2 and class weights are planned', () => {
  const of = (request: Partial<NetworkJobRequest>) => plan(request).training
  const vgg = { kind: 'vgg', dense: 'gap' } as const
  const large = digitsManifest({ height: 32, width: 32 })
  const vggOf = (training: NetworkJobRequest['training']) =>
    planNetworkJob(identity, { model: vgg, dataset: 'digits', training: training! }, large, null)
  assert.equal(vggOf({}).training.l2, 5e-4)
  assert.equal(vggOf({ l2: 0 }).training.l2, 0)
  assert.equal(of({}).l2, 0)
  assert.equal(of({ training: { l2: 0.1 } }).l2, 0.1)
  assert.equal(of({}).classWeights, null)
  const { classWeights } = of({ training: { classWeights: { '1': 5 } } })
  assert.deepEqual(classWeights, { '0': 1, '1': 5, '2': 1 })
  const balanced = of({ training: { classWeights: 'balanced' } }).classWeights
  assert.deepEqual(balanced, { '0': 1000 / 900, '1': 1000 / 900, '2': 1000 / 1200 })
  assert.throws(() => of({ training: { classWeights: { '3': 5 } } }), /no class "3"/)
})

test('an error lists all invalid fields', () => {
  const odd = digitsManifest({
    name: 'odd',
    width: 32,
    labels: ['0', '1', '2', '3'],
    classCounts: [300, 300, 300, 100],
  })
  const request: Partial<NetworkJobRequest> = {
    model: { kind: 'resnet', block: 'bottleneck', filters: 30, ratio: 4 },
    training: { steps: 5, epochs: 1, batchSize: 2000, validation: { dataset: 'odd' } },
  }
  assert.throws(
    () => plan(request, odd),
    (error: TrainyardError) => {
      assert.equal(error.code, 'INVALID_JOB')
      assert.deepEqual(
        error.errors.map(({ path }) => path),
        [
          '/training/steps',
          '/training/batchSize',
          '/training/validation/dataset',
          '/training/validation/dataset',
          '/model/ratio',
        ],
      )
      return true
    },
  )
})

test('every training option has its default', () => {
  const { training } = plan()
  assert.deepEqual(training.optimizer, {
    kind: 'adam',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    weightDecay: 0,
  })
  assert.deepEqual(training.learningRate, {
    schedule: 'cosine',
    peak: 0.002,
    warmupSteps: 0,
    endFactor: 0,
  })
  assert.deepEqual(training.augment, {
    flip: false,
    padCrop: 0,
    randomResizedCrop: 1,
    cutout: 0,
    mixup: 0,
    colorJitter: { brightness: 0, contrast: 0, saturation: 0 },
  })
  assert.equal(training.validateEvery, 14)
  assert.deepEqual(training.keepBest, { metric: 'validationAccuracy' })
  assert.deepEqual([training.ema, training.earlyStopping, training.exportBest], [null, null, true])
  assert.deepEqual(
    [training.labelSmoothing, training.clipGradients, training.accumulateSteps],
    [0, {}, 1],
  )
})

test('options get the defaults of their kind and of the length of the job', () => {
  const of = (training: NetworkJobRequest['training']) =>
    plan({ training: { steps: 200, ...training } }).training
  assert.deepEqual(of({ optimizer: { kind: 'sgd' } }).optimizer, {
    kind: 'sgd',
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0,
  })
  assert.equal(of({ optimizer: { kind: 'sgd' } }).learningRate.peak, 0.05)
  assert.equal(of({ optimizer: { kind: 'adamw' } }).optimizer.weightDecay, 0.01)
  const rate = (schedule: 'step' | 'exponential' | 'oneCycle') =>
    of({ learningRate: { schedule } }).learningRate
  const start = { peak: 0.002, warmupSteps: 0 }
  assert.deepEqual(rate('step'), {
    schedule: 'step',
    ...start,
    factor: 0.1,
    boundaries: [100, 150],
  })
  assert.deepEqual(rate('exponential'), {
    schedule: 'exponential',
    ...start,
    factor: 0.9,
    everySteps: 14,
  })
  assert.deepEqual(rate('oneCycle'), {
    schedule: 'oneCycle',
    peak: 0.002,
    warmupSteps: 60,
    startFactor: 0.04,
    endFactor: 4e-6,
  })
  assert.deepEqual(of({ learningRate: { schedule: 'step', everySteps: 30 } }).learningRate, {
    schedule: 'step',
    ...start,
    factor: 0.1,
    everySteps: 30,
  })
  assert.deepEqual(of({ augment: { colorJitter: { contrast: 0.3 } } }).augment.colorJitter, {
    brightness: 0,
    contrast: 0.3,
    saturation: 0,
  })
  assert.deepEqual(of({ earlyStopping: { patience: 3 } }).earlyStopping, {
    metric: 'validationAccuracy',
    patience: 3,
    minDelta: 0,
  })
  assert.deepEqual(of({ ema: {} }).ema, { decay: 0.999 })
})

test('the loss scale of fp16 is dynamic unless the request says otherwise, and no other precision has one', () => {
  const scaleOf = (training: NonNullable<NetworkJobRequest['training']>) =>
    plan({ training }).training.lossScale
  assert.equal(scaleOf({ precision: 'fp16' }), 'dynamic')
  assert.equal(scaleOf({ precision: 'fp16', lossScale: 512 }), 512)
  for (const precision of ['fp32', 'bf16'] as const) assert.equal(scaleOf({ precision }), undefined)
})

test('gradient accumulation makes epochs shorter in steps', () => {
  const { training } = plan({ training: { accumulateSteps: 4 } })
  assert.equal(training.stepsPerEpoch, 3)
  assert.equal(training.steps, 30)
})

test('the paths of training options that contradict each other or the data are reported', () => {
  const request: Partial<NetworkJobRequest> = {
    training: {
      steps: 100,
      batchSize: 1,
      validation: 0,
      optimizer: { kind: 'sgd', momentum: 0, nesterov: true },
      learningRate: {
        schedule: 'step',
        boundaries: [50, 100],
        everySteps: 10,
        warmupSteps: 101,
      },
      augment: { padCrop: 28, cutout: 30, mixup: 0.2, colorJitter: { saturation: 0.1 } },
      earlyStopping: {},
      keepBest: {},
      exportBest: true,
      precision: 'bf16',
      lossScale: 1024,
    },
  }
  assert.throws(
    () => plan(request),
    (error: TrainyardError) => {
      assert.deepEqual(
        error.errors.map(({ path }) => path),
        [
          ...['warmupSteps', 'everySteps', 'boundaries'].map(
            name => `/training/learningRate/${name}`,
          ),
          '/training/optimizer/nesterov',
          '/training/lossScale',
          ...['padCrop', 'cutout', 'colorJitter/saturation', 'mixup'].map(
            name => `/training/augment/${name}`,
          ),
          ...['earlyStopping', 'keepBest', 'exportBest'].map(name => `/training/${name}`),
        ],
      )
      return true
    },
  )
  assert.throws(
    () =>
      plan({ training: { steps: 60, learningRate: { schedule: 'oneCycle', warmupSteps: 60 } } }),
    {
      code: 'INVALID_JOB',
    },
  )
})

test('more batches than int32 can count are refused', () => {
  assert.throws(
    () => plan({ training: { steps: 100_000_000, accumulateSteps: 100 } }),
    (error: TrainyardError) =>
      error.errors.some(({ path }) => path === '/training/accumulateSteps'),
  )
})

test('an image network refuses a table', () => {
  const table: TableManifest = {
    id: 'ds-0123456789abcdef',
    name: 'wine',
    createdAt: '2026-01-01T00:00:00.000Z',
    kind: 'table',
    records: 10,
    columns: [],
    target: null,
    sample: [],
    shards: [],
  }
  const request: NetworkJobRequest = { model: { kind: 'resnet' }, dataset: 'wine' }
  for (const [dataset, validation, path] of [
    [table, null, '/dataset'],
    [digitsManifest(), table, '/training/validation/dataset'],
  ] as const) {
    assert.throws(
      () => planNetworkJob(identity, request, dataset, validation),
      (error: TrainyardError) => {
        assert.equal(error.code, 'INVALID_JOB')
        assert.deepEqual(error.errors, [
          { path, code: 'wrong_kind', message: "'wine' is a table; a resnet needs images" },
        ])
        return true
      },
    )
  }
})
