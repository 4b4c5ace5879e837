// fp16: the loss is scaled, and steps whose gradients are not finite change nothing but the scale.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { Graph } from '../../src/graph/graph.js'
import { placeholder, scalar } from '../../src/graph/ops/constant.js'
import { group, identity } from '../../src/graph/ops/control.js'
import { mul } from '../../src/graph/ops/math.js'
import { reduceSum } from '../../src/graph/ops/reduce.js'
import { assign, variable } from '../../src/graph/ops/state.js'
import type { Session } from '../../src/graph/session.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import type { ImageFormat } from '../../src/training/images.js'
import { startInputPipeline } from '../../src/training/input.js'
import { runTraining } from '../../src/training/loop.js'
import { dynamicScale } from '../../src/training/loss-scale.js'
import { createOptimizer } from '../../src/training/optimizer.js'
import { assertClose } from '../../testing/assert-close.js'
import { processFolder } from '../../testing/temp-folder.js'
import { openGraphSession } from '../graph/tensorflow.js'
import { allInput, images, openProgram, recordingHooks } from './reference-job.js'

const adam = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.1 } as const

/** A weight of two numbers, whose gradient is fed. */
async function openToy(): Promise<Session> {
  const graph = new Graph()
  const weight = variable(graph, 'weight', [2, 1])
  const factor = placeholder(graph, 'factor', 'float32', [2, 1])
  const lossScale = dynamicScale(graph, { initial: 8, growthSteps: 2 })
  const loss = reduceSum(mul(weight.value, factor))
  const guarded = lossScale.guard(lossScale.gradients(loss, [weight.value], {}))
  const optimizer = createOptimizer([weight], guarded.gradients, scalar(graph, 0.1), adam)
  const effects = guarded.finish(optimizer.apply)
  const one = scalar(graph, 1)
  const state = [weight, ...optimizer.slots, ...lossScale.slots]
  const start = [assign(weight, mul(factor, 0)), ...optimizer.initialize, ...lossScale.initialize]
  return openGraphSession({ after }, graph, {
    start: {
      inputs: { factor },
      outputs: { done: identity(one, { controlInputs: [group(graph, start)] }) },
    },
    step: {
      inputs: { factor },
      outputs: { done: identity(one, { controlInputs: [group(graph, effects)] }) },
    },
    state: {
      inputs: {},
      outputs: Object.fromEntries(state.map(({ name, value }) => [name, value])),
    },
  })
}

const names = ['weight', 'weight/Adam', 'weight/Adam_1', 'beta1_power', 'beta2_power']

/** The state after steps with these gradients. */
async function stateAfter(gradients: readonly (readonly [number, number])[]) {
  const session = await openToy()
  const feed = (values: readonly number[]) => ({
    factor: { data: Float32Array.from(values), shape: [2, 1] },
  })
  session.run('start', feed([1, 1]))
  for (const gradient of gradients) session.run('step', feed(gradient))
  const state = session.run('state')
  return {
    trained: Object.fromEntries(names.map(name => [name, [...state.floats(name)]])),
    scale: state.number('loss_scale'),
    finiteSteps: state.number('loss_scale/finite_steps'),
  }
}

test('a step with a gradient of NaN or infinity halves the scale and changes nothing else', async () => {
  const expected = await stateAfter([
    [1, 2],
    [3, -1],
  ])
  assert.equal(expected.scale, 16)
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const found = await stateAfter([
      [1, 2],
      [1, bad],
      [bad, bad],
      [3, -1],
    ])
    assert.deepEqual(found.trained, expected.trained)
    assert.equal(found.scale, 2)
    assert.equal(found.finiteSteps, 1)
  }
})

test('steps with finite gradients double the scale', async () => {
  const one = [1, 1] as const
  assert.equal((await stateAfter([one])).scale, 8)
  assert.equal((await stateAfter([one, one])).scale, 16)
  const four = await stateAfter([one, one, one, one])
  assert.deepEqual([four.scale, four.finiteSteps], [32, 0])
})

/** Small: TensorFlow's convolutions in fp16 take very long on a processor. */
const resnet = { kind: 'resnet', depth: 8, version: 1, stem: 'cifar' } as const
const side = 16
const format: ImageFormat = { ...images, height: side, width: side }
const records = join(processFolder(), 'images.tfrecord')
const writer = new TfrecordWriter(records)
for (let i = 0; i < 16; i++) {
  const image = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * (i + 3) + i) % 251)
  writer.write(encodeExample({ image, label: i % 3 }, format))
}
writer.close()
const input = { files: [records], first: 0, count: 16 }

async function open(options: Partial<TrainingPlan>) {
  const opened = await openProgram(resnet, { batchSize: 4, ...options }, format)
  opened.session.run('init', { seed: 1 })
  startInputPipeline(opened.session, opened.plan, input, input)
  return opened
}

const half = { precision: 'fp16', lossScale: 'dynamic' } as const
const learningRate = { schedule: 'constant', peak: 1e-5, warmupSteps: 0 } as const

const step = (session: Session, batch: number) =>
  session.run('train', { seed: 1, batch, learningRate: learningRate.peak })

test('a network trains in fp16 as in fp32, within rounding', async () => {
  const { session: exact } = await open({})
  const { session: dynamic } = await open(half)
  const { session: fixed } = await open({ precision: 'fp16' })
  for (let batch = 0; batch < 3; batch++) {
    const loss = step(exact, batch).number('loss')
    const result = step(dynamic, batch)
    assertClose(result.number('loss'), loss, 0.05, `loss of step ${batch + 1}`)
    assertClose(step(fixed, batch).number('loss'), loss, 0.05, `loss of step ${batch + 1}`)
    assert.equal(result.number('lossScale'), 2 ** 15)
  }
  for (const session of [exact, dynamic, fixed]) session.close()
})

test('a checkpoint has the scale, and resumes to the same bytes', async () => {
  const whole = await open(half)
  const losses = [0, 1, 2].map(batch => step(whole.session, batch).number('loss'))
  const cut = await open(half)
  step(cut.session, 0)
  const bundles = { model: join(cut.tempFolder, 'model'), input: join(cut.tempFolder, 'input') }
  cut.session.run('save', bundles)
  const resumed = await open(half)
  resumed.session.run('restore', bundles)
  assert.deepEqual(
    [1, 2].map(batch => step(resumed.session, batch).number('loss')),
    losses.slice(1),
  )
  for (const { session } of [whole, cut, resumed]) session.close()
})

test('the rows of a job have the scale', async () => {
  const rows: MetricRow[] = []
  const { session, plan } = await open({ steps: 2, learningRate, ...half })
  const started = { session, plan, ...allInput, training: input, validation: input, resume: null }
  await runTraining(started, recordingHooks(rows))
  assert.deepEqual(
    rows.flatMap(({ values }) => values.lossScale ?? []),
    [2 ** 15, 2 ** 15],
  )
  session.close()
})
