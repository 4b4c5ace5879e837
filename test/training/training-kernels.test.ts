// A job's program with our own kernels: the same losses, and the same variables in its files.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import { startInputPipeline } from '../../src/training/input.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { assertClose } from '../../testing/assert-close.js'
import { allRecords, images, openProgram, plan, reference } from './reference-job.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

const models: Record<string, NetworkOptions> = {
  'a plain net': { kind: 'resnet', block: 'plain', blocks: 2, filters: 8, kernel: 3, ratio: 2 },
  'ResNet-18 v1': { kind: 'resnet', depth: 18, version: 1, stem: 'cifar' },
  'ResNet-18 v2': { kind: 'resnet', depth: 18, version: 2, stem: 'cifar' },
}

async function losses(model: NetworkOptions, kernels: TrainingKernels) {
  const { session, program } = await openProgram(model, {}, images, kernels)
  session.run('init', { seed: plan.seed })
  startInputPipeline(session, plan, allRecords, allRecords)
  const values = Array.from({ length: reference.steps }, (_, batch) =>
    session.run('train', { learningRate: 1e-5, seed: 1, batch }).number('loss'),
  )
  session.close()
  return { values, program }
}

for (const [name, model] of Object.entries(models)) {
  test(`${name} has the losses of the stock ops, and their variables`, { skip }, async () => {
    const [own, stock] = [await losses(model, 'own'), await losses(model, 'stock')]
    for (const [i, loss] of own.values.entries()) {
      // Adam makes steps of about the same size of gradients that differ only by rounding
      const tolerance = (i === 0 ? 1e-5 : 1e-2) * stock.values[i]!
      assertClose(loss, stock.values[i]!, tolerance, `loss of step ${i + 1}`)
    }
    const types = ({ graph }: typeof own.program) => graph.nodes.map(({ op }) => op.type)
    assert.ok(types(own.program).includes('TrainyardBatchNormGrad'))
    assert.ok(!types(own.program).includes('FusedBatchNormGradV3'))
    assert.ok(!types(stock.program).some(type => type.startsWith('Trainyard')))
    const variables = ({ graph }: typeof own.program) =>
      graph.nodes.filter(({ op }) => op.type === 'VarHandleOp').map(({ attrs }) => attrs)
    assert.deepEqual(variables(own.program), variables(stock.program))
  })

  test(`${name} is served without ops of our own`, () => {
    const { graph } = buildServingProgram({ model, images, classes: reference.classes })
    assert.deepEqual(
      graph.nodes.filter(({ op }) => op.type.startsWith('Trainyard')),
      [],
    )
  })
}
