// A job's program with our own kernels: the same loss and gradients, and the same variables in its files.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import { readTensorBundle, shardName } from '../../src/formats/tensor-bundle.js'
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

/** The loss of a first step, and by the name of each variable Adam's first moment: a tenth of its gradient. */
async function firstStep(model: NetworkOptions, kernels: TrainingKernels) {
  const { session, program, tempFolder } = await openProgram(model, {}, images, { kernels })
  session.run('init', { seed: plan.seed })
  startInputPipeline(session, plan, allRecords, allRecords)
  const loss = session.run('train', { learningRate: 0, seed: 1, batch: 0 }).number('loss')
  const prefix = join(tempFolder, 'model')
  session.run('save', { model: prefix, input: join(tempFolder, 'input') })
  session.close()
  const { segments, shardCount } = (await readTensorBundle(`${prefix}.index`))!
  const { buffer } = new Uint8Array(await readFile(shardName(prefix, 0, shardCount)))
  const values = new Map(
    segments
      .filter(({ bytes }) => bytes % 4 === 0)
      .map(({ name, offset, bytes }) => [
        name,
        new Float32Array(buffer.slice(offset, offset + bytes)),
      ]),
  )
  return { loss, values, program }
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))

for (const [name, model] of Object.entries(models)) {
  test(`${name} has the gradients of the stock ops, and their variables`, { skip }, async () => {
    const [own, stock] = [await firstStep(model, 'own'), await firstStep(model, 'stock')]
    assertClose(own.loss, stock.loss, 1e-4 * stock.loss, 'loss')
    assert.deepEqual([...own.values.keys()], [...stock.values.keys()])
    for (const [variable, expected] of stock.values) {
      if (!/\/Adam$|moving_/.test(variable)) continue
      const zeros = new Float32Array(expected.length)
      const found = own.values.get(variable)!
      const error = distance(found, expected) / Math.max(distance(expected, zeros), 1e-3)
      assert.ok(error < 1e-3, `${variable} differs by ${error}`)
    }
    const types = ({ graph }: typeof own.program) => graph.nodes.map(({ op }) => op.type)
    assert.ok(types(own.program).includes('TrainyardBatchNormGrad'))
    assert.ok(!types(own.program).includes('FusedBatchNormGradV3'))
    assert.ok(!types(stock.program).some(type => type.startsWith('Trainyard')))
  })

  test(`${name} is served without ops of our own`, () => {
    const { graph } = buildServingProgram({ model, images, classes: reference.classes })
    assert.deepEqual(
      graph.nodes.filter(({ op }) => op.type.startsWith('Trainyard')),
      [],
    )
  })
}
