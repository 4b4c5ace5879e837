import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { type LoopHooks, type LoopInput, runTraining } from '../../src/training/loop.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { images, openProgram, plan, recordingHooks, reference } from './reference-job.js'

/** Large enough to be cropped one by one. */
const format = { ...images, height: 40, width: 44 }
const count = 3 * reference.batchSize

function writeImages(path: string): void {
  const writer = new TfrecordWriter(path)
  for (let label = 0; label < count; label++) {
    const length = format.height * format.width * format.channels
    const image = Uint8Array.from({ length }, (_, i) => (i * (label + 3)) % 251)
    writer.write(encodeExample({ image, label: label % reference.classes }, format))
  }
  writer.close()
}

const options: Partial<TrainingPlan> = {
  steps: 6,
  shuffleBuffer: 10,
  checkpointEvery: 3,
  augment: { ...plan.augment, flip: true, padCrop: 4, randomResizedCrop: 0.5 },
}

test('a run on cropped images that resumes in a new session ends with the same bytes', () =>
  withTempFolder(async folder => {
    const file = join(folder, 'images.tfrecord')
    writeImages(file)
    const { model } = reference.cases[0]!
    const records = { files: [file], first: 0, count }
    const path = (name: string) => ({
      model: join(folder, `${name}.model`),
      input: join(folder, `${name}.input`),
    })
    const run = async (name: string, resume: LoopInput['resume'], until = 6) => {
      const { session, plan } = await openProgram(model, options, format)
      const rows: MetricRow[] = []
      const checkpoint: LoopHooks['checkpoint'] = async (step, save) => {
        const { model, input } = path(`${name}-${step}`)
        save(model, input)
      }
      let step = resume?.step ?? 0
      const shouldContinue = async () => ++step < until
      const labels = Array.from({ length: reference.classes }, (_, label) => String(label))
      const input = { session, plan, labels, training: records, resume }
      const validation = { ...records, first: count, count: 0 }
      await runTraining(
        { ...input, validation },
        recordingHooks(rows, { checkpoint, shouldContinue }),
      )
      session.close()
      return rows.map(({ values }) => values.loss)
    }
    const losses = await run('whole', null)
    const first = await run('parts', null, 3)
    const rest = await run('parts', { step: 3, ...path('parts-3') })
    assert.equal(losses.length, 6)
    assert.deepEqual([...first, ...rest], losses)
    const [whole, parts] = await Promise.all(
      ['whole-6', 'parts-6'].map(name => readFile(`${path(name).model}.data-00000-of-00001`)),
    )
    assert.ok(whole!.equals(parts!), 'the final checkpoints differ')
  }))
