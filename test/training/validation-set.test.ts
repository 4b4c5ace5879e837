import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PNG } from 'pngjs'
import { decodeExample, encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { Evaluation } from '../../src/spec/evaluation.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import type { ImageFormat } from '../../src/training/images.js'
import { type LoopHooks, runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { assertClose } from '../../testing/assert-close.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { tensorflow } from '../graph/tensorflow.js'
import { tfRecordFile } from '../graph/tfrecord.js'
import { recordingHooks, plan as referencePlan } from './reference-job.js'

const folder = await tempFolder({ after })
/** The same pictures: class 0 is a cat in the first file and a dog in the second. */
const catDog = 'test/datasets/fixtures/cat-dog.tfrecord'
const dogCat = 'test/datasets/fixtures/dog-cat.tfrecord'
const rawDogCat = join(folder, 'raw.tfrecord')

const encoded: ImageFormat = {
  height: 8,
  width: 8,
  channels: 3,
  encoding: 'encoded',
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
}

const rawExamples = Array.from(readRecords(dogCat, dogCat), record => {
  const { image, label } = decodeExample(record)
  const { data } = PNG.sync.read(Buffer.from(image))
  const pixels = data.filter((_, i) => i % 4 < 3)
  return encodeExample({ image: pixels, label: Number(label) }, encoded)
})
await writeFile(rawDogCat, tfRecordFile(rawExamples))
const count = rawExamples.length

/** Trains on cats and dogs, and returns the last evaluation, as it is stored with the checkpoint. */
async function validate(
  name: string,
  file: string,
  options: Partial<TrainingPlan>,
  validationImages = encoded,
) {
  const plan = { ...referencePlan, steps: 10, batchSize: 8, validateEvery: 10, ...options }
  const program = buildTrainingProgram({
    model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
    images: encoded,
    validationImages,
    classes: 2,
    plan,
    records: { training: count, validation: count },
  })
  await writeSavedModel(join(folder, name), program.graph, program)
  const session = await openSession(tensorflow(), join(folder, name))
  const rows: MetricRow[] = []
  const range = { first: 0, count }
  const training = { files: [catDog], ...range }
  const validation = { files: [file], ...range }
  const labels = ['cat', 'dog']
  const evaluations: (Evaluation | null)[] = []
  const checkpoint: LoopHooks['checkpoint'] = async (_step, _save, _best, result) =>
    void evaluations.push(result?.evaluation ?? null)
  await runTraining(
    { session, plan, training, validation, labels, resume: null },
    recordingHooks(rows, { checkpoint }),
  )
  session.close()
  return { values: rows.at(-1)!.values, evaluation: evaluations.at(-1)! }
}

for (const input of ['in-memory', 'streaming'] as const) {
  test(`the classes of a validation set are those of the training set by name (${input})`, async () => {
    const expected = await validate(`${input}-same`, catDog, { input })
    assert.equal(expected.values.validationAccuracy, 1)
    const { confusionMatrix, perClass, roc, pr } = expected.evaluation
    assert.deepEqual(confusionMatrix, [
      [count / 2, 0],
      [0, count / 2],
    ])
    const right = { records: count / 2, recall: 1, precision: 1 }
    assert.deepEqual(
      perClass,
      ['cat', 'dog'].map(label => ({ label, ...right })),
    )
    assertClose(roc!.auc, 1, 1e-12, 'the area under the ROC curve')
    assertClose(pr!.averagePrecision, 1, 1e-12, 'the average precision')
    const matched = { input, validationClasses: [1, 0] }
    assert.deepEqual(await validate(`${input}-png`, dogCat, matched), expected)
  })

  test(`a validation set of raw pixels fits a training set of PNGs (${input})`, async () => {
    const raw = { ...encoded, encoding: 'raw' as const, mean: [1, 1, 1], std: [1, 1, 1] }
    const options = { input, validationClasses: [1, 0] }
    const expected = await validate(`${input}-encoded`, dogCat, options)
    assert.deepEqual(await validate(`${input}-raw`, rawDogCat, options, raw), expected)
  })
}
