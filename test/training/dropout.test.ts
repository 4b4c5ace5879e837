import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { ExampleSchema } from '../../src/datasets/images/tfrecord/example_pb.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { plan, runtime } from './reference-job.js'

const side = 32

function example(label: number) {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => (i * (label + 3)) % 251)
  const feature = {
    image: { kind: { case: 'bytesList' as const, value: { value: [pixels] } } },
    label: { kind: { case: 'int64List' as const, value: { value: [BigInt(label)] } } },
  }
  return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } }))
}

test('dropout has the same masks after a restore', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-dropout-'))
  const records = join(folder, 'images.tfrecord')
  const writer = new TfrecordWriter(records)
  for (let i = 0; i < 12; i++) writer.write(example(i % 3))
  writer.close()
  const program = buildTrainingProgram({
    model: { kind: 'vgg', depth: 11, batchNorm: false, dense: 'gap', dropout: 0.5 },
    images: {
      height: side,
      width: side,
      channels: 1,
      encoding: 'raw',
      mean: [120],
      std: [70],
    },
    classes: 3,
    plan: { ...plan, batchSize: 4, shuffleBuffer: 4 },
  })
  await writeSavedModel(join(folder, 'program'), program.graph, program)
  const bundle = { model: join(folder, 'model'), input: join(folder, 'input') }
  const start = async () => {
    const session = await openSession(runtime, join(folder, 'program'))
    t.after(() => session.close())
    session.run('init', { seed: 3 })
    session.run('start', { files: { data: [records], shape: [1] }, records: 12, seed: 3 })
    return session
  }
  const first = await start()
  const train = (session: typeof first, batches: readonly number[]) =>
    batches.map(batch =>
      session.run('train', { learningRate: 1e-3, seed: 3, batch }).number('loss'),
    )
  train(first, [0, 1])
  first.run('save', bundle)
  const uninterrupted = train(first, [2, 3])
  const second = await start()
  second.run('restore', bundle)
  assert.deepEqual(train(second, [2, 3]), uninterrupted)
})
