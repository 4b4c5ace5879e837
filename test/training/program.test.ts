import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TrainingFailure } from '../../src/errors.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import { startInputPipeline } from '../../src/training/input.js'
import { type LoopHooks, runTraining } from '../../src/training/loop.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { assertClose } from '../../testing/assert-close.js'
import {
  allInput,
  allRecords,
  images,
  openProgram,
  plan,
  recordingHooks,
  records,
  reference,
  runtime,
} from './reference-job.js'

const { steps, classes } = reference

test('weights that the last update made infinite are found, although its loss is finite', async () => {
  const { session } = await openProgram(reference.cases[0]!.model)
  session.run('init', { seed: plan.seed })
  startInputPipeline(session, plan, allRecords, allRecords)
  const nonFinite = () => session.run('countNonFinite').number('count')
  assert.equal(nonFinite(), 0)
  const loss = session
    .run('train', { learningRate: Number.POSITIVE_INFINITY, seed: 1, batch: 0 })
    .number('loss')
  assert.ok(Number.isFinite(loss), `the loss is ${loss}`)
  assert.ok(nonFinite() > 0)
  session.close()
})

for (const expected of reference.cases) {
  const { model } = expected
  test(`five steps of a ${model.block} net have the losses of Python TensorFlow`, async () => {
    const { tempFolder, program, session } = await openProgram(model)
    assert.equal(program.parameters, expected.parameters)
    const rows: MetricRow[] = []
    const input = { session, plan, ...allInput, resume: null }
    assert.equal(await runTraining(input, recordingHooks(rows)), true)

    const losses = rows.filter(({ values }) => 'loss' in values).map(({ values }) => values.loss!)
    assert.equal(losses.length, steps)
    for (const [i, loss] of losses.entries()) {
      assertClose(loss, expected.losses[i]!, 1e-4, `loss of step ${i + 1}`)
    }
    const validation = rows.at(-1)!.values
    assertClose(validation.validationLoss!, expected.validationLoss, 2e-3, 'validation loss')
    assertClose(
      validation.validationAccuracy!,
      expected.validationAccuracy,
      1e-6,
      'validation accuracy',
    )

    const saved = join(tempFolder, 'saved_model')
    const serving = buildServingProgram({ model, images, classes })
    await writeSavedModel(saved, serving.graph, serving)
    session.run('export', { model: variablesPrefix(saved) })
    session.close()
    const served = await openSession(runtime, saved)
    const shape = [1, images.height, images.width, images.channels]
    const result = served.run('serving_default', { images: { data: await firstImage(), shape } })
    for (const [i, probability] of result.floats('probabilities').entries()) {
      assertClose(
        probability,
        expected.firstImageProbabilities[i]!,
        2e-3,
        `probability of class ${i}`,
      )
    }
    served.close()
  })
}

test('a streaming run that resumes from a checkpoint ends with the same bytes', async () => {
  const { model } = reference.cases[0]!
  const options = { steps: 12, shuffleBuffer: 16, checkpointEvery: 5 }
  const ends = []
  for (const interruptedAt of [null, 5]) {
    const { tempFolder, session, plan } = await openProgram(model, options)
    const checkpoint: LoopHooks['checkpoint'] = async (step, save) => {
      save(join(tempFolder, `model.ckpt-${step}`), join(tempFolder, `input.ckpt-${step}`))
    }
    const checkpointAt = (step: number) => ({
      step,
      model: join(tempFolder, `model.ckpt-${step}`),
      input: join(tempFolder, `input.ckpt-${step}`),
    })
    const rows: MetricRow[] = []
    const input = { session, plan, ...allInput, resume: null }
    if (interruptedAt) {
      let step = 0
      const shouldContinue = async () => ++step < interruptedAt + 2
      const hooks = recordingHooks([], { checkpoint, shouldContinue })
      assert.equal(await runTraining(input, hooks), false)
    }
    const resume = interruptedAt ? checkpointAt(interruptedAt) : null
    await runTraining({ ...input, resume }, recordingHooks(rows, { checkpoint }))
    const bytes = await readFile(join(tempFolder, 'model.ckpt-12.data-00000-of-00001'))
    ends.push({ bytes, losses: rows.slice(-4).map(({ values }) => values.loss) })
    session.close()
  }
  assert.deepEqual(ends[1]!.losses, ends[0]!.losses)
  assert.ok(ends[0]!.bytes.equals(ends[1]!.bytes), 'the final checkpoints differ')
})

test('a diverging loss ends with nan_loss, after a row of the step, and without a best checkpoint', async () => {
  const { session, plan } = await openProgram(reference.cases[0]!.model, {
    learningRate: { schedule: 'constant', peak: 1e38, warmupSteps: 0 },
    steps: 50,
    validateEvery: 1,
    checkpointEvery: 1,
    keepBest: { metric: 'validationAccuracy' },
  })
  const input = { session, plan, ...allInput, resume: null }
  const rows: MetricRow[] = []
  const marks: boolean[] = []
  const checkpoint: LoopHooks['checkpoint'] = async (_step, _save, best) => void marks.push(best)
  const outcome = await runTraining(input, recordingHooks(rows, { checkpoint })).catch(
    (error: unknown) => error,
  )
  const losses = rows.flatMap(({ values }) => values.validationLoss ?? [])
  const last = rows.at(-1)!
  assert.ok(outcome instanceof TrainingFailure && outcome.code === 'nan_loss', String(outcome))
  assert.match(outcome.message, new RegExp(`at step ${last.step},.*no checkpoint is the best`))
  assert.ok(!Number.isFinite(last.values.loss), `the last row has the loss ${last.values.loss}`)
  assert.ok(losses.length > 0 && losses.every(loss => !Number.isFinite(loss)), `${losses}`)
  assert.deepEqual(
    marks,
    losses.map(() => false),
  )
  session.close()
})

async function firstImage(): Promise<Float32Array> {
  const file = await readFile(records)
  // a TFRecord is the length, its checksum, and the data
  const length = Number(file.readBigUInt64LE())
  return Float32Array.from(decodeExample(file.subarray(12, 12 + length)).image)
}
