import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { effectOutputs } from '../../src/graph/effect-outputs.js'
import { Graph } from '../../src/graph/graph.js'
import { constant, placeholder } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { cast } from '../../src/graph/ops/math.js'
import { assign, assignAdd, read, variable } from '../../src/graph/ops/state.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Session } from '../../src/graph/session.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import {
  buildInputPipeline,
  startEvaluation,
  startInputPipeline,
} from '../../src/training/input.js'
import { type LoopHooks, runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { openGraphSession, tensorflow } from '../graph/tensorflow.js'
import { assertOpsMatchTensorFlow } from '../graph/tensorflow-agrees.js'
import { imageExample, tfRecordFile } from '../graph/tfrecord.js'
import { plan as referencePlan } from './reference-job.js'

/** 37 training and 5 validation records. Each image is filled with its index, which is its label. */
const folder = await tempFolder({ after })
const examples = Array.from({ length: 42 }, (_, i) => imageExample(new Uint8Array(12).fill(i), i))
const files = [join(folder, 'a.tfrecord'), join(folder, 'b.tfrecord')]
await writeFile(files[0]!, tfRecordFile(examples.slice(0, 20)))
await writeFile(files[1]!, tfRecordFile(examples.slice(20)))
const training = { files, first: 0, count: 37 }
const validation = { files, first: 37, count: 5 }
const format = { height: 2, width: 2, channels: 3 as const, mean: [20, 20, 20], std: [12, 12, 12] }
const images = { ...format, encoding: 'raw' as const }

const plan: TrainingPlan = {
  ...referencePlan,
  steps: 30,
  stepsPerEpoch: 5,
  validateEvery: 5,
  batchSize: 7,
  seed: 3,
  shuffleBuffer: 100,
  validation: { holdOut: 5 },
  input: 'in-memory',
}

/** A graph with only the input. `next` returns a batch and increments the step. */
async function openInput(
  scope: Parameters<typeof openGraphSession>[0],
  batchSize: number,
): Promise<Session> {
  const graph = new Graph()
  const seed = placeholder(graph, 'seed', 'int32')
  const step = variable(graph, 'global_step', [], 'int64')
  const options = { graph, images, plan: { ...plan, batchSize }, seed }
  const input = buildInputPipeline(options, { training: 37, validation: 5 })
  const number = (value: number) => constant(graph, [value], { dtype: 'int64', shape: [] })
  const fetch = ([pixels, labels]: ReturnType<typeof input.training>) => ({
    pixels: cast(pixels!, 'int32'),
    labels: labels!,
  })
  const batch = input.training(read(step))
  const incrementStep = assignAdd(step, number(1), { controlInputs: batch })
  const { pixels, labels } = fetch(batch)
  const from = placeholder(graph, 'from', 'int32')
  const session = await openGraphSession(scope, graph, {
    ...input.signatures,
    next: {
      inputs: {},
      outputs: { pixels, labels: identity(labels, { controlInputs: [incrementStep] }) },
    },
    evaluate: { inputs: {}, outputs: fetch(input.evaluation()) },
    setStep: {
      inputs: { from },
      outputs: effectOutputs(graph, 'step_set', [assign(step, cast(from, 'int64'))]),
    },
  })
  assertOpsMatchTensorFlow(graph)
  session.run('setStep', { from: 0 })
  startInputPipeline(session, plan, training, validation)
  return session
}

function labelsOf(session: Session, signature: string): number[] {
  const fetched = session.run(signature)
  const labels = [...fetched.ints('labels')]
  const expected = labels.flatMap(label => Array<number>(12).fill(label))
  assert.deepEqual([...fetched.ints('pixels')], expected, 'pixels belong to their labels')
  return labels
}

test('every epoch has each record once in its own order, whatever the batch size', async t => {
  const session = await openInput(t, 7)
  const seen = Array.from({ length: 37 }, () => labelsOf(session, 'next')).flat()
  const epochs = Array.from({ length: 7 }, (_, i) => seen.slice(37 * i, 37 * (i + 1)))
  for (const epoch of epochs) {
    assert.deepEqual(
      epoch.toSorted((a, b) => a - b),
      [...Array(37).keys()],
    )
  }
  assert.equal(new Set(epochs.map(epoch => epoch.join())).size, 7)

  session.run('setStep', { from: 11 })
  assert.deepEqual(labelsOf(session, 'next'), seen.slice(77, 84))
})

test('a batch can be larger than the dataset', async t => {
  const session = await openInput(t, 80)
  const seen = [...labelsOf(session, 'next'), ...labelsOf(session, 'next')]
  for (let first = 0; first + 37 <= seen.length; first += 37) {
    assert.equal(new Set(seen.slice(first, first + 37)).size, 37)
  }
})

test('each evaluation reads all validation records in order', async t => {
  const session = await openInput(t, 3)
  for (let pass = 0; pass < 2; pass++) {
    startEvaluation(session, plan, validation)
    assert.deepEqual(labelsOf(session, 'evaluate'), [37, 38, 39])
    assert.deepEqual(labelsOf(session, 'evaluate'), [40, 41])
  }
})

test('an in-memory run that resumes from a checkpoint ends with the same bytes', async t => {
  const folder = await tempFolder(t)
  const program = buildTrainingProgram({
    model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
    images,
    classes: 42,
    plan,
    records: { training: 37, validation: 5 },
  })
  await writeSavedModel(join(folder, 'program'), program.graph, program)
  const session = await openSession(tensorflow(), join(folder, 'program'))
  t.after(() => session.close())

  const ends: Buffer[] = []
  for (const cut of [null, 8]) {
    let steps = 0
    const hooks: LoopHooks = {
      phase: () => {},
      row: async () => {},
      checkpoint: async (step, save) =>
        save(join(folder, `model.ckpt-${step}`), join(folder, `input.ckpt-${step}`)),
      shouldContinue: async () => ++steps !== cut,
    }
    const labels = Array.from({ length: 42 }, (_, label) => String(label))
    const input = { session, plan, training, validation, labels, resume: null }
    assert.equal(await runTraining(input, hooks), cut === null)
    if (cut) {
      const model = join(folder, `model.ckpt-${cut}`)
      const resume = { step: cut, model, input: join(folder, `input.ckpt-${cut}`) }
      assert.equal(await runTraining({ ...input, resume }, hooks), true)
    }
    ends.push(await readFile(join(folder, 'model.ckpt-30.data-00000-of-00001')))
  }
  assert.ok(ends[0]!.equals(ends[1]!), 'the final checkpoints differ')
})
