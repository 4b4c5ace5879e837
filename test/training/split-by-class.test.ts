import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { cast } from '../../src/graph/ops/math.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { Evaluation } from '../../src/spec/evaluation.js'
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

/** 30 records in two files. Each image is filled with its index, which is its label. */
const folder = await tempFolder({ after })
const examples = Array.from({ length: 30 }, (_, i) => imageExample(new Uint8Array(12).fill(i), i))
const files = [join(folder, 'a.tfrecord'), join(folder, 'b.tfrecord')]
await writeFile(files[0]!, tfRecordFile(examples.slice(0, 13)))
await writeFile(files[1]!, tfRecordFile(examples.slice(13)))
const heldOut = [0, 5, 12, 13, 29]
const isHeldOut = Uint8Array.from(examples, (_, i) => Number(heldOut.includes(i)))
const training = { files, first: 0, count: 25, selected: isHeldOut.map(one => 1 - one) }
const validation = { files, first: 0, count: 5, selected: isHeldOut }
const images = {
  height: 2,
  width: 2,
  channels: 3 as const,
  mean: [15, 15, 15],
  std: [9, 9, 9],
  encoding: 'raw' as const,
}
const counts = { training: 25, validation: 5 }

const planOf = (input: 'in-memory' | 'streaming'): TrainingPlan => ({
  ...referencePlan,
  steps: 12,
  stepsPerEpoch: 5,
  validateEvery: 5,
  batchSize: 5,
  shuffleBuffer: 8,
  validation: { holdOut: 5, by: 'class' },
  input,
})

for (const input of ['in-memory', 'streaming'] as const) {
  const plan = planOf(input)

  test(`held-out images are never trained on, and all others are (${input})`, async t => {
    const graph = new Graph()
    const [seed, batch] = [placeholder(graph, 'seed', 'int32'), placeholder(graph, 'b', 'int32')]
    const pipeline = buildInputPipeline({ graph, images, plan, seed }, counts)
    const outputsOf = ([pixels, labels]: ReturnType<typeof pipeline.evaluation>) => ({
      pixels: cast(pixels!, 'int32'),
      labels: labels!,
    })
    const session = await openGraphSession(t, graph, {
      ...pipeline.signatures,
      // streaming input does not read the number of the batch
      next: {
        inputs: input === 'in-memory' ? { batch } : {},
        outputs: outputsOf(pipeline.training(batch)),
      },
      evaluate: { inputs: {}, outputs: outputsOf(pipeline.evaluation()) },
    })
    assertOpsMatchTensorFlow(graph)
    startInputPipeline(session, plan, training, validation)
    const labelsOf = (signature: string, feeds = {}) => {
      const outputs = session.run(signature, feeds)
      const labels = [...outputs.ints('labels')]
      const pixels = labels.flatMap(label => Array<number>(12).fill(label))
      assert.deepEqual([...outputs.ints('pixels')], pixels, 'pixels belong to their labels')
      return labels
    }
    const trained = Array.from({ length: 5 }, (_, i) =>
      labelsOf('next', input === 'in-memory' ? { batch: i } : {}),
    ).flat()
    const others = [...examples.keys()].filter(i => !heldOut.includes(i))
    assert.deepEqual(
      trained.toSorted((a, b) => a - b),
      others,
    )
    assert.notDeepEqual(trained, others)
    for (let pass = 0; pass < 2; pass++) {
      startEvaluation(session, plan, validation)
      assert.deepEqual(labelsOf('evaluate'), heldOut)
    }
  })
}

test('a streaming run that is split by class and resumes ends with the same bytes', async t => {
  const runFolder = await tempFolder(t)
  const plan = planOf('streaming')
  const program = buildTrainingProgram({
    model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
    images,
    classes: 30,
    plan,
    records: counts,
  })
  await writeSavedModel(join(runFolder, 'program'), program.graph, program)
  const session = await openSession(tensorflow(), join(runFolder, 'program'))
  t.after(() => session.close())
  const bundle = (kind: string, step: number) => join(runFolder, `${kind}.ckpt-${step}`)
  const labels = Array.from({ length: 30 }, (_, label) => String(label))
  const ends: { bytes: Buffer; evaluation: Evaluation }[] = []
  for (const cut of [null, 7]) {
    let steps = 0
    let last: Evaluation | null = null
    const hooks: LoopHooks = {
      phase: () => {},
      row: async () => {},
      checkpoint: async (step, save, _best, result) => {
        save(bundle('model', step), bundle('input', step))
        last = result?.evaluation ?? null
      },
      shouldContinue: async () => ++steps !== cut,
    }
    const input = { session, plan, training, validation, labels, resume: null }
    assert.equal(await runTraining(input, hooks), cut === null)
    if (cut) {
      const resume = { step: cut, model: bundle('model', cut), input: bundle('input', cut) }
      assert.equal(await runTraining({ ...input, resume }, hooks), true)
    }
    const bytes = await readFile(`${bundle('model', plan.steps)}.data-00000-of-00001`)
    ends.push({ bytes, evaluation: last! })
  }
  const [whole, resumed] = ends
  assert.ok(whole!.bytes.equals(resumed!.bytes), 'the final checkpoints differ')
  assert.deepEqual(resumed!.evaluation, whole!.evaluation)
  const validated = labels.filter((_, i) => whole!.evaluation.perClass[i]!.records > 0)
  assert.deepEqual(validated, heldOut.map(String))
})
