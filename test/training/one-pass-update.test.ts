// A step whose weights our own ops update has the bytes of one that TensorFlow's ops update.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import type { Node } from '../../src/graph/graph.js'
import { dependenciesOf, memoryOf, readersOf } from '../../src/graph/readers.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { startInputPipeline } from '../../src/training/input.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { assertClose } from '../../testing/assert-close.js'
import { allRecords, images, openProgram, plan, reference } from './reference-job.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

const { model } = reference.cases[0]!
const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 } as const
const sgd = { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 } as const
const rmsprop = { kind: 'rmsprop', decay: 0.9, momentum: 0, epsilon: 1e-7, weightDecay: 0 } as const
const freeze = ['resnet/conv_0/*']

/**
 * Trains `kinds.length` steps. Where the kind changes, a session of the new kind resumes from the checkpoint of
 * the one before.
 */
async function train(
  options: Partial<TrainingPlan>,
  kinds: readonly TrainingKernels[],
  freeze: string[] = [],
) {
  const losses: number[] = []
  let last: { model: string; input: string } | undefined
  for (let step = 0; step < kinds.length; ) {
    const kind = kinds[step]!
    const { session, tempFolder, plan } = await openProgram(model, options, undefined, {
      kernels: kind,
      batchNorm: 'stock',
      freeze,
    })
    session.run('init', { seed: plan.seed })
    startInputPipeline(session, plan, allRecords, allRecords)
    if (last) session.run('restore', last)
    const { accumulateSteps } = plan
    for (; kinds[step] === kind; step++) {
      for (let i = 0; i < accumulateSteps; i++) {
        const feeds = { seed: 1, batch: step * accumulateSteps + i }
        if (i < accumulateSteps - 1) session.run('accumulate', feeds)
        else {
          const result = session.run('train', { ...feeds, learningRate: 0.01 / (step + 1) })
          losses.push(result.number('loss'))
        }
      }
    }
    last = { model: join(tempFolder, 'model'), input: join(tempFolder, 'input') }
    session.run('save', last)
    session.close()
  }
  const checkpoint = await readFile(`${last!.model}.data-00000-of-00001`)
  return { losses, checkpoint }
}

/** On ARM64, the compiler may have fused products and sums in TensorFlow's kernels, which differ then by rounding. */
function assertSame(found: Training, expected: Training, what: string): void {
  if (process.arch === 'x64') {
    assert.deepEqual(found.losses, expected.losses, what)
    assert.ok(found.checkpoint.equals(expected.checkpoint), `${what} ends with another checkpoint`)
  } else {
    for (const [i, loss] of found.losses.entries()) {
      assertClose(loss, expected.losses[i]!, 1e-4, `${what}: loss of step ${i + 1}`)
    }
  }
}

type Training = Awaited<ReturnType<typeof train>>

const cases: Record<string, Partial<TrainingPlan>> = {
  Adam: {},
  'Adam with decay, in bf16': { optimizer: { ...adam, weightDecay: 0.1 }, precision: 'bf16' },
  AdamW: { optimizer: { ...adam, kind: 'adamw', weightDecay: 0.1 } },
  'AdamW in bf16': { optimizer: { ...adam, kind: 'adamw', weightDecay: 0.1 }, precision: 'bf16' },
  'gradient descent': { optimizer: { ...sgd, momentum: 0 } },
  'SGD with momentum': { optimizer: { ...sgd, weightDecay: 0.01 } },
  'SGD with Nesterov momentum, in bf16': {
    optimizer: { ...sgd, nesterov: true },
    precision: 'bf16',
  },
  RMSProp: { optimizer: rmsprop },
  'RMSProp with momentum and decay': {
    optimizer: { ...rmsprop, momentum: 0.5, weightDecay: 0.1 },
  },
  'an L2 penalty': { l2: 0.01, optimizer: sgd },
  'an L2 penalty in bf16': { l2: 0.01, precision: 'bf16' },
  'gradients clipped by value': { clipGradients: { value: 0.01 }, l2: 0.01 },
  'gradients of three batches': { accumulateSteps: 3, l2: 0.01, clipGradients: { value: 0.01 } },
  'gradients of three batches in bf16': {
    accumulateSteps: 3,
    precision: 'bf16',
    optimizer: sgd,
  },
  'moving averages': { ema: { decay: 0.9 } },
  'moving averages in bf16': { ema: { decay: 0.5 }, precision: 'bf16', optimizer: rmsprop },
}

for (const [name, options] of Object.entries(cases)) {
  test(`${name}: equal bytes, also if attempts with and without the ops resume each other`, {
    skip,
  }, async () => {
    const stock = await train(options, ['stock', 'stock', 'stock', 'stock'])
    for (const kinds of [
      ['own', 'own', 'own', 'own'],
      ['own', 'own', 'stock', 'own'],
    ] as const) {
      const own = await train(options, kinds)
      assertSame(own, stock, `${kinds}`)
    }
  })
}

test('frozen weights stay, and their bf16 copies are computed with', { skip }, async () => {
  const [stock, own] = await Promise.all(
    (['stock', 'own'] as const).map(kind => train({ precision: 'bf16' }, [kind, kind], freeze)),
  )
  assertSame(own!, stock!, 'own')
})

test('gradients clipped by their norm differ by rounding, and not from run to run', {
  skip,
}, async () => {
  for (const precision of ['fp32', 'bf16'] as const) {
    const options = { clipGradients: { norm: 0.1 }, l2: 0.01, accumulateSteps: 2, precision }
    const stock = await train(options, ['stock', 'stock', 'stock'])
    const [own, again] = await Promise.all([1, 2].map(() => train(options, ['own', 'own', 'own'])))
    for (const [i, loss] of own!.losses.entries()) {
      assertClose(loss, stock.losses[i]!, 1e-5, `loss of step ${i + 1} in ${precision}`)
    }
    assert.ok(own!.checkpoint.equals(again!.checkpoint))
  }
})

const networks: NetworkOptions[] = [
  model,
  { kind: 'vgg', depth: 11, batchNorm: false, dense: 'gap', dropout: 0.5 },
]

test('weights change in place after all that a step reads of them', () => {
  for (const [i, network] of networks.entries()) {
    for (const precision of ['fp32', 'bf16'] as const) {
      const { signatures } = buildTrainingProgram({
        model: network,
        images: { ...images, height: 32, width: 32 },
        classes: 3,
        plan: { ...plan, precision, l2: 0.01, ema: { decay: 0.9 }, clipGradients: { norm: 1 } },
        kernels: 'own',
      })
      const nodes = dependenciesOf(Object.values(signatures.train!.outputs))
      const readers = readersOf(nodes)
      const updates = [...nodes].filter(({ op }) => op.type === 'TrainyardUpdate')
      assert.ok(updates.length > 0)
      for (const update of updates) {
        const earlier = dependenciesOf(update.inputs.concat(controlTensors(update)))
        for (const input of update.inputs) {
          const owner = memoryOf(input).node
          // the powers of beta are scalars, and do not change in place
          if (owner.op.type !== 'ReadVariableOp' || owner.outputs[0]!.shape.length === 0) continue
          for (const reader of readers.get(owner)!) {
            assert.ok(reader === update || earlier.has(reader), `network ${i}: ${reader.name}`)
          }
        }
      }
    }
  }
})

/** Outputs of the nodes that a node waits for. */
const controlTensors = ({ controlInputs }: Node) => controlInputs.flatMap(({ outputs }) => outputs)

test('no op of our own is in a graph to serve', () => {
  const { graph } = buildServingProgram({ model, images, classes: reference.classes })
  assert.deepEqual(
    graph.nodes.filter(({ op }) => op.type.startsWith('Trainyard')),
    [],
  )
})
