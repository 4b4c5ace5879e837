// A step of several micro-batches has the same bytes on any number of devices.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import { readTensorBundle, shardName } from '../../src/formats/tensor-bundle.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { deviceNames } from '../../src/training/devices.js'
import type { ImageFormat } from '../../src/training/images.js'
import { type LoopInput, runTraining } from '../../src/training/loop.js'
import { stepMemory } from '../../src/training/memory.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { assertClose } from '../../testing/assert-close.js'
import { processFolder } from '../../testing/temp-folder.js'
import { images, openProgram, plan, recordingHooks, reference } from './reference-job.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

const plain = reference.cases[0]!.model
const resnet = { kind: 'resnet', depth: 18, version: 2, stem: 'cifar' } as const
const vgg = { kind: 'vgg', depth: 11, batchNorm: true, dense: 'gap', dropout: 0.5 } as const
const sgd = { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 } as const
const augment = {
  ...plan.augment,
  ...{ flip: true, padCrop: 2, cutout: 4, mixup: 0.2 },
  colorJitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
}

const format: ImageFormat = { ...images, height: 32, width: 32 }
const records = join(processFolder(), 'images.tfrecord')
const writer = new TfrecordWriter(records)
for (let i = 0; i < 40; i++) {
  const image = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (i + 3) + i) % 251)
  writer.write(encodeExample({ image, label: i % 3 }, format))
}
writer.close()
const input = { files: [records], first: 0, count: 32 }
const validation = { files: [records], first: 32, count: 8 }
const counts = { training: 32, validation: 8 }
const labels = ['0', '1', '2']

interface Case {
  model?: NetworkOptions
  kernels?: TrainingKernels
  batchNorm?: TrainingKernels
  options?: Partial<TrainingPlan>
  /** Default: 4. */
  shards?: number
}

/** Trains three steps in as many attempts as `devices` has numbers, each on so many devices. */
async function train(
  { model = plain, kernels = 'own', batchNorm = kernels, options = {} }: Case,
  devices: readonly number[],
) {
  const rows: MetricRow[] = []
  const steps = 3
  let resume: LoopInput['resume'] = null
  for (const [attempt, count] of devices.entries()) {
    const opened = await openProgram(
      model,
      { batchSize: 16, input: 'in-memory', steps, validateEvery: 3, ...options },
      format,
      { kernels, batchNorm, records: counts, deviceCount: count },
    )
    const { session, tempFolder } = opened
    let seen = 0
    const prefix = { model: join(tempFolder, 'model'), input: join(tempFolder, 'input') }
    let saved = 0
    const isLast = attempt === devices.length - 1
    await runTraining(
      {
        ...{ session, plan: opened.plan, training: input, validation, labels, resume },
        devices: count,
      },
      recordingHooks(rows, {
        checkpoint: async (step, save) => {
          saved = step
          save(prefix.model, prefix.input)
        },
        shouldContinue: async () => isLast || ++seen < 1,
      }),
    )
    session.close()
    resume = { step: saved, ...prefix }
  }
  const hash = createHash('sha256')
  for (const suffix of ['index', 'data-00000-of-00001']) {
    hash.update(await readFile(`${resume!.model}.${suffix}`))
  }
  const values = rows.map(({ step, values: { examplesPerSecond: _, ...others } }) => [step, others])
  const { loss } = rows[0]!.values
  return { hash: hash.digest('hex'), values, loss: Number(loss), prefix: resume!.model }
}

const cases: Record<string, Case> = {
  'the plain net with Adam': {},
  'the plain net by stock ops': { kernels: 'stock' },
  'the plain net by stock ops, with averages, a penalty and clipped gradients': {
    kernels: 'stock',
    options: {
      ...{ ema: { decay: 0.9 }, l2: 0.01, clipGradients: { norm: 0.1 }, labelSmoothing: 0.1 },
      classWeights: { a: 1, b: 2, c: 3 },
    },
  },
  'ResNet-18 with momentum and augmentation': {
    model: resnet,
    options: { batchSize: 8, optimizer: sgd, augment },
  },
  'ResNet-18 with averages and gradients clipped by norm': {
    model: resnet,
    options: { batchSize: 4, ema: { decay: 0.9 }, clipGradients: { norm: 0.1 } },
    shards: 2,
  },
  'the plain net in bf16, with gradients clipped by norm': {
    options: { precision: 'bf16', clipGradients: { norm: 0.1 }, augment },
  },
  'ResNet-18 in little memory': { model: resnet, options: { batchSize: 8, memory: 'low' } },
  'VGG-11 with dropout': { model: vgg, options: { batchSize: 8 } },
  'the plain net, streaming': { options: { input: 'streaming', shuffleBuffer: 7 } },
}

for (const [name, each] of Object.entries(cases)) {
  const needsOps = each.kernels !== 'stock'
  test(`${name}: the same bytes on any number of devices, and if it changes`, {
    skip: needsOps && skip,
  }, async () => {
    const { shards = 4 } = each
    const withShards = { ...each, options: { ...each.options, shards } }
    const expected = await train(withShards, [1])
    for (const devices of [[2], [1, shards, 1]]) {
      const found = await train(withShards, devices)
      assert.deepEqual(found.values, expected.values, `${devices}`)
      assert.equal(found.hash, expected.hash, `${devices}`)
    }
  })
}

test('updates by own and by stock ops give the same bytes', {
  // on ARM64, the compiler may have fused products and sums in TensorFlow's kernels
  skip: skip || (process.arch === 'x64' ? false : 'only on x64'),
}, async () => {
  for (const precision of ['fp32', 'bf16'] as const) {
    const options = {
      ...{ shards: 4, l2: 0.01, optimizer: sgd, ema: { decay: 0.9 }, precision },
      clipGradients: { value: 0.01 },
    }
    const own = await train({ options, batchNorm: 'stock' }, [2])
    const stock = await train({ options, kernels: 'stock' }, [1])
    assert.deepEqual(own.values, stock.values, precision)
    assert.equal(own.hash, stock.hash, precision)
  }
})

/** The tensors of a checkpoint by name, as floats. */
async function tensorsOf(prefix: string) {
  const { segments, shardCount } = (await readTensorBundle(`${prefix}.index`))!
  const { buffer } = new Uint8Array(await readFile(shardName(prefix, 0, shardCount)))
  return new Map(
    segments
      .filter(({ bytes }) => bytes % 4 === 0)
      .map(({ name, offset, bytes }) => [
        name,
        new Float32Array(buffer.slice(offset, offset + bytes)),
      ]),
  )
}

test('a step uses the mean gradient of its micro-batches', { skip }, async () => {
  for (const kernels of ['own', 'stock'] as const) {
    const options = { optimizer: { ...sgd, momentum: 0, nesterov: false } }
    const sharded = await train({ kernels, options: { ...options, shards: 4 } }, [1])
    const batches = { batchSize: 4, accumulateSteps: 4 }
    const accumulated = await train({ kernels, options: { ...options, ...batches } }, [1])
    const [found, expected] = [await tensorsOf(sharded.prefix), await tensorsOf(accumulated.prefix)]
    for (const [name, values] of expected) {
      // an average moves once in a step, not with each micro-batch
      if (/moving_|global_step/.test(name)) continue
      for (const [i, value] of values.entries()) {
        assertClose(found.get(name)![i]!, value, 1e-5, `${name}[${i}] by ${kernels} ops`)
      }
    }
    assertClose(sharded.loss, accumulated.loss, 1e-6, 'the loss')
  }
})

test("batch norm's averages move by the mean statistic of the micro-batches", async () => {
  const prefixOf = async (options: Partial<TrainingPlan>, batch: number) => {
    const { session, tempFolder, plan } = await openProgram(
      plain,
      { input: 'in-memory', ...options },
      format,
      { records: counts },
    )
    const { loadInMemory } = await import('../../src/training/in-memory-input.js')
    session.run('init', { seed: 1 })
    loadInMemory(session, input, validation, 1)
    if (options.shards) session.run('accumulate0', { seed: plan.seed, batch })
    const last = batch + (options.shards ? 1 : 0)
    session.run('train', { seed: plan.seed, batch: last, learningRate: 0 })
    const prefix = join(tempFolder, 'model')
    session.run('save', { model: prefix, input: join(tempFolder, 'input') })
    session.close()
    return tensorsOf(prefix)
  }
  const first = await prefixOf({ batchSize: 8 }, 0)
  const second = await prefixOf({ batchSize: 8 }, 1)
  const both = await prefixOf({ batchSize: 16, shards: 2 }, 0)
  let compared = 0
  for (const [name, values] of both) {
    if (!name.includes('/moving_')) continue
    for (const [i, value] of values.entries()) {
      const mean = (first.get(name)![i]! + second.get(name)![i]!) / 2
      assertClose(value, mean, 1e-5, `${name}[${i}]`)
      compared++
    }
  }
  assert.ok(compared > 0)
})

test('shards that devices cannot compute in order are refused', () => {
  const build = (shards: number, devices: string[]) =>
    buildTrainingProgram({
      ...{ model: plain, images: format, classes: 3, devices },
      plan: { ...plan, batchSize: 12, shards },
    })
  assert.throws(() => build(6, ['a', 'b', 'c']), /6 micro-batches cannot be computed on 3 devices/)
  assert.throws(() => build(1, ['a', 'b']), /1 micro-batches cannot be computed on 2 devices/)
})

test('the memory of a step counts the batches of all devices', () => {
  const program = (workers: number, devices: number) =>
    buildTrainingProgram({
      ...{ model: resnet, images: format, classes: 3, kernels: 'own' },
      plan: { ...plan, batchSize: 16, shards: 4 },
      devices: deviceNames({ shards: 4 }, 'cpu', { workers, devices }),
    })
  const bytes = (...places: [number, number]) => stepMemory(program(...places)).stepBytes
  const [one, two] = [bytes(1, 1), bytes(1, 2)]
  assert.ok(two > 1.5 * one, `${two} and ${one}`)
  // the second worker is sent the weights, and the first one gets its gradients
  const sent = bytes(2, 1) - two
  const weights = 4 * program(1, 1).parameters
  assert.ok(sent > 1.5 * weights && sent < 2.5 * weights, `${sent} more, of ${weights} of weights`)
})
