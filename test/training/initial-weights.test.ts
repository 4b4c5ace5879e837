import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readTensorBundle } from '../../src/formats/tensor-bundle.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { type LoopHooks, runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram, type ProgramOptions } from '../../src/training/program.js'
import { type CleanupScope, tempFolder } from '../../testing/temp-folder.js'
import { tensorflow } from '../graph/tensorflow.js'
import { imageExample, tfRecordFile } from '../graph/tfrecord.js'
import { plan as referencePlan } from './reference-job.js'

const folder = await tempFolder({ after })
const files = [join(folder, 'images.tfrecord')]
const examples = Array.from({ length: 12 }, (_, i) =>
  imageExample(new Uint8Array(12).fill(20 * i), i % 4),
)
await writeFile(files[0]!, tfRecordFile(examples))
const training = { files, first: 0, count: 12 }
const noValidation = { files, first: 12, count: 0 }

const plan: TrainingPlan = {
  ...referencePlan,
  steps: 2,
  stepsPerEpoch: 3,
  validateEvery: 3,
  batchSize: 4,
  seed: 3,
  shuffleBuffer: 100,
  input: 'in-memory',
  checkpointEvery: 1,
}

const options: ProgramOptions = {
  model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
  images: {
    height: 2,
    width: 2,
    channels: 3,
    encoding: 'raw',
    mean: [110, 110, 110],
    std: [70, 70, 70],
  },
  classes: 4,
  plan,
  records: { training: 12, validation: 0 },
}

const weights = 'test/formats/fixtures'
const prefixes = { v1: join(weights, 'old.ckpt'), v2: join(weights, 'new.ckpt') }
const typesPrefix = join(weights, 'types.ckpt')
const checkpointTensors = (await readTensorBundle(prefixes.v1))!.tensors

/** Trains two steps and returns the variables after each. */
async function train(scope: CleanupScope, more: Partial<ProgramOptions>, initFrom?: string) {
  const folder = await tempFolder(scope)
  const program = buildTrainingProgram({ ...options, ...more })
  await writeSavedModel(join(folder, 'program'), program.graph, program)
  const session = await openSession(tensorflow(), join(folder, 'program'))
  scope.after(() => session.close())
  const states: Map<string, Float32Array>[] = []
  const recordState = async (save: (model: string, input: string) => void) => {
    const prefix = join(folder, `model-${states.length}`)
    save(prefix, join(folder, 'input'))
    states.push(await variablesOf(prefix))
  }
  const hooks: LoopHooks = {
    phase: () => {},
    row: async () => {},
    checkpoint: (_, save) => recordState(save),
    shouldContinue: async () => true,
  }
  const input = { session, training, validation: noValidation, labels: [], resume: null, initFrom }
  await runTraining({ ...input, plan: { ...plan, steps: 2 } }, hooks)
  return { program, states }
}

async function variablesOf(prefix: string): Promise<Map<string, Float32Array>> {
  const { segments } = (await readTensorBundle(`${prefix}.index`))!
  const bytes = await readFile(`${prefix}.data-00000-of-00001`)
  const floats = (offset: number, length: number) =>
    new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + length)).buffer)
  return new Map(
    segments
      .filter(({ bytes: length }) => length % 4 === 0)
      .map(({ name, offset, bytes: length }) => [name, floats(offset, length)]),
  )
}

/** The values that make_weights.py gives a variable of `size` elements. */
const initialValues = (size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.fround(0.01 * (size + i)))

const near = (actual: Float32Array, expected: Float32Array) =>
  actual.length === expected.length && actual.every((x, i) => Math.abs(x - expected[i]!) < 1e-5)

for (const [format, prefix] of Object.entries(prefixes)) {
  test(`a job starts with the weights of a ${format} checkpoint, and frozen ones keep them`, async t => {
    const freeze = ['resnet/conv_0/*', 'resnet/unit_1/conv1/weights']
    const { program, states } = await train(t, { checkpointTensors, freeze }, prefix)
    const { matched, skipped } = program.initialized!
    assert.equal(matched.length, 11)
    const reasons = Object.fromEntries(skipped.map(({ name, reason }) => [name, reason]))
    assert.equal(
      reasons['resnet/conv_top/weights'],
      'it is [3, 3, 4, 7] in the checkpoint, [3, 3, 4, 4] in the network',
    )
    assert.equal(reasons['resnet/conv_top/BatchNorm/gamma'], 'the checkpoint has no such variable')
    for (const state of states) {
      assert.ok(near(state.get('resnet/conv_0/weights')!, initialValues(108)))
      assert.ok(near(state.get('resnet/unit_1/conv1/weights')!, initialValues(144)))
      for (const part of ['gamma', 'beta', 'moving_mean', 'moving_variance']) {
        assert.ok(near(state.get(`resnet/conv_0/BatchNorm/${part}`)!, initialValues(4)), part)
      }
      assert.ok(!state.has('resnet/conv_0/weights/Adam'))
    }
    const unfrozen = 'resnet/unit_1/conv1/BatchNorm/gamma'
    assert.ok(!near(states[0]!.get(unfrozen)!, initialValues(4)), 'an unfrozen variable is trained')
    assert.ok(
      Math.abs(states[0]!.get(unfrozen)![0]! - initialValues(4)[0]!) < 0.02,
      'from its value in the checkpoint',
    )
    const mean = 'resnet/unit_1/conv1/BatchNorm/moving_mean'
    assert.ok(!near(states[0]!.get(mean)!, initialValues(4)), 'and its moving average is updated')
  })
}

test('values of float16, bfloat16 and float64 are cast to float32, and the report says so', async t => {
  const { tensors } = (await readTensorBundle(`${typesPrefix}.index`))!
  const freeze = ['resnet/conv_0/weights', 'resnet/unit_1/*']
  const { program, states } = await train(t, { checkpointTensors: tensors, freeze }, typesPrefix)
  const { cast, skipped } = program.initialized!
  assert.deepEqual(cast, [
    { name: 'resnet/conv_0/weights', from: 'float16' },
    { name: 'resnet/unit_1/conv1/weights', from: 'bfloat16' },
    { name: 'resnet/unit_1/conv2/weights', from: 'float64' },
  ])
  for (const [name, tolerance] of [
    ['resnet/conv_0/weights', 2 ** -11],
    ['resnet/unit_1/conv1/weights', 2 ** -8],
    ['resnet/unit_1/conv2/weights', 2 ** -24],
  ] as const) {
    const values = states[1]!.get(name)!
    for (const [i, expected] of initialValues(values.length).entries())
      assert.ok(
        Math.abs(values[i]! - expected) <= tolerance * expected,
        `${name} ${i}: ${values[i]}`,
      )
  }
  const gamma = skipped.find(({ name }) => name === 'resnet/conv_0/BatchNorm/gamma')
  assert.equal(gamma?.reason, 'it is int32 in the checkpoint, float32 in the network')
})

test('a program without a checkpoint has no initialize signature', async () => {
  assert.equal(buildTrainingProgram(options).initialized, null)
})

test('a checkpoint of another network and patterns without a match are rejected', () => {
  assert.throws(
    () =>
      buildTrainingProgram({
        ...options,
        checkpointTensors: [
          { name: 'vgg_16/fc8/weights', dtype: 'float32', shape: [1, 1, 4096, 1000] },
        ],
      }),
    {
      code: 'init_nothing_matches',
      message:
        /the network has resnet.*the checkpoint vgg_16.*it is of the model \{"kind":"vgg","depth":16\}$/,
    },
  )
  const unmatchedPattern = () =>
    buildTrainingProgram({ ...options, freeze: ['resnet/unit_1/*', 'resnet/conv0/*'] })
  assert.throws(unmatchedPattern, /freeze: 'resnet\/conv0\/\*' names no variable/)
  assert.throws(
    () => buildTrainingProgram({ ...options, freeze: ['*'] }),
    /freeze: nothing is left to train/,
  )
})
