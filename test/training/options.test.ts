import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { type LoopHooks, runTraining } from '../../src/training/loop.js'
import { assertOpsMatchTensorFlow } from '../graph/tensorflow-agrees.js'
import {
  allInput,
  allRecords,
  openProgram,
  plan,
  recordingHooks,
  reference,
} from './reference-job.js'

const { model } = reference.cases[0]!

/** Every option of a training step at once. */
const allOptions: Partial<TrainingPlan> = {
  steps: 12,
  batchSize: 4,
  accumulateSteps: 2,
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-7, weightDecay: 0.05 },
  learningRate: {
    schedule: 'oneCycle',
    peak: 0.01,
    warmupSteps: 4,
    startFactor: 0.04,
    endFactor: 0,
  },
  labelSmoothing: 0.1,
  clipGradients: { value: 0.5, norm: 1 },
  ema: { decay: 0.9 },
  augment: {
    flip: true,
    padCrop: 1,
    randomResizedCrop: 0.5,
    cutout: 2,
    colorJitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    mixup: 0.4,
  },
  validateEvery: 2,
  earlyStopping: { metric: 'validationLoss', patience: 100, minDelta: 0 },
  keepBest: { metric: 'validationAccuracy' },
  shuffleBuffer: 16,
  checkpointEvery: 5,
}

/** A run. With `interrupt`, it stops at step `at` and resumes from the checkpoint of step `saved`. */
async function train(options: Partial<TrainingPlan>, interrupt?: { saved: number; at: number }) {
  const rows: MetricRow[] = []
  const bests: number[] = []
  const first = await openProgram(model, options)
  const bundle = (kind: string, step: number) => join(first.tempFolder, `${kind}.ckpt-${step}`)
  const checkpoint: LoopHooks['checkpoint'] = async (step, save, best) => {
    save(bundle('model', step), bundle('input', step))
    if (best) bests.push(step)
  }
  const training = allInput
  if (interrupt) {
    const { session, plan } = first
    let step = 0
    const shouldContinue = async () => ++step < interrupt.at
    const hooks = recordingHooks(rows, { checkpoint, shouldContinue })
    assert.equal(await runTraining({ session, plan, ...training, resume: null }, hooks), false)
    session.close()
    rows.splice(0, rows.length, ...rows.filter(row => row.step <= interrupt.saved))
    bests.splice(0, bests.length, ...bests.filter(best => best <= interrupt.saved))
  }
  const { session, plan } = interrupt ? await openProgram(model, options) : first
  const saved = interrupt?.saved
  const resume =
    saved === undefined
      ? null
      : { step: saved, model: bundle('model', saved), input: bundle('input', saved) }
  const history = [...rows]
  await runTraining(
    { session, plan, ...training, resume, history },
    recordingHooks(rows, { checkpoint }),
  )
  const last = rows.at(-1)!.step
  const files = ['.index', '.data-00000-of-00001'].map(end => `${bundle('model', last)}${end}`)
  const bytes = Buffer.concat(await Promise.all(files.map(file => readFile(file))))
  const measured = rows.map(({ step, values: { examplesPerSecond: _, ...values } }) => ({
    step,
    values,
  }))
  session.close()
  return { rows: measured, bests, bytes, last }
}

test('with every option on, a resumed run ends with the same bytes', async () => {
  const uninterrupted = await train(allOptions)
  const resumed = await train(allOptions, { saved: 5, at: 8 })
  assert.deepEqual(resumed.rows, uninterrupted.rows)
  assert.deepEqual(resumed.bests, uninterrupted.bests)
  assert.ok(uninterrupted.bests.length > 0)
  assert.equal(uninterrupted.last, 12)
  assert.ok(resumed.bytes.equals(uninterrupted.bytes), 'the final checkpoints differ')
})

test('early stopping ends a resumed job at the same step', async () => {
  const options: Partial<TrainingPlan> = {
    ...allOptions,
    steps: 40,
    earlyStopping: { metric: 'validationLoss', patience: 3, minDelta: 100 },
  }
  const uninterrupted = await train(options)
  // the first evaluation is the best, the next three are not better by 100
  assert.equal(uninterrupted.last, 8)
  const resumed = await train(options, { saved: 5, at: 7 })
  assert.deepEqual(resumed.rows, uninterrupted.rows)
  assert.ok(resumed.bytes.equals(uninterrupted.bytes), 'the final checkpoints differ')
})

test('a job that stopped early does not train further if it is resumed', async () => {
  const { session, plan } = await openProgram(model, {
    earlyStopping: { metric: 'validationLoss', patience: 1, minDelta: 0 },
  })
  const history = [1, 2].map(step => ({ step, time: '', values: { validationLoss: step } }))
  const rows: MetricRow[] = []
  const input = { session, plan, ...allInput, resume: null }
  assert.equal(await runTraining({ ...input, history }, recordingHooks(rows)), true)
  assert.deepEqual(rows, [])
  session.close()
})

test('evaluation does not augment images', async () => {
  const losses = []
  for (const augment of [plan.augment, allOptions.augment!]) {
    const { session, plan } = await openProgram(model, { augment })
    session.run('init', { seed: plan.seed })
    session.run('startEvaluation', {
      files: { data: allRecords.files, shape: [1] },
      skip: 0,
    })
    losses.push(session.run('evaluate').number('lossSum'))
    session.close()
  }
  assert.equal(losses[0], losses[1])
})

test("optimizer slots and averages have TensorFlow's names", async () => {
  const names = async (optimizer: TrainingPlan['optimizer']) => {
    const { program, session } = await openProgram(model, { optimizer, ema: { decay: 0.9 } })
    session.close()
    assertOpsMatchTensorFlow(program.graph)
    const variables = program.graph.nodes.filter(({ op }) => op.type === 'VarHandleOp')
    const names = variables.map(({ name }) => name)
    return new Set(names.filter(name => name.includes('conv_0/weights')))
  }
  const weights = 'resnet/conv_0/weights'
  const average = `${weights}/ExponentialMovingAverage`
  const sgd = { kind: 'sgd', nesterov: true, weightDecay: 0 } as const
  assert.deepEqual(
    await names({ ...sgd, momentum: 0.9 }),
    new Set([weights, `${weights}/Momentum`, average]),
  )
  assert.deepEqual(await names({ ...sgd, momentum: 0 }), new Set([weights, average]))
  assert.deepEqual(
    await names({ kind: 'rmsprop', decay: 0.9, momentum: 0, epsilon: 1e-7, weightDecay: 0 }),
    new Set([weights, `${weights}/RMSProp`, `${weights}/RMSProp_1`, average]),
  )
})
