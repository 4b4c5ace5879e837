import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PNG } from 'pngjs'
import { shuffledOrder } from '../../../src/datasets/images/shuffled-order.js'
import { encodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { TrainingFailure } from '../../../src/errors.js'
import { effectOutputs } from '../../../src/graph/effect-outputs.js'
import { Graph } from '../../../src/graph/graph.js'
import { placeholder } from '../../../src/graph/ops/constant.js'
import * as data from '../../../src/graph/ops/dataset.js'
import { iterator, next, startIterator } from '../../../src/graph/ops/iterator.js'
import { writeSavedModel } from '../../../src/graph/saved-model.js'
import { openSession } from '../../../src/graph/session.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import { decodePipeline } from '../../../src/training/decode-pipeline.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { findBadImage, rethrowWithRecord } from '../../../workers/attempts/bad-sample.js'
import { tensorflow } from '../../graph/tensorflow.js'

const shape = { height: 4, width: 4, channels: 3 } as const
const good = PNG.sync.write(new PNG({ width: 4, height: 4 }), { colorType: 2 })

/** A stored data set of two shards, whose record 5 is cut off, as older versions accepted it. */
async function damagedSet(folder: string) {
  const shards = [4, 3].map((records, i) => {
    const writer = new TfrecordWriter(join(folder, `part-${i}`))
    for (let record = 0; record < records; record++) {
      const image = i === 1 && record === 1 ? good.subarray(0, -20) : good
      writer.write(encodeExample({ image, label: 0 }, shape))
    }
    return { name: `shards/part-${i}`, ...writer.close() }
  })
  const manifest = {
    ...{ kind: 'images', id: 'ds-0123456789abcdef', name: 'photos', createdAt: '', ...shape },
    ...{ encoding: 'encoded', records: 7, labels: ['0'], classCounts: [7] },
    ...{ mean: [0, 0, 0], std: [1, 1, 1], shards },
  } as ImagesManifest
  return { manifest, paths: [join(folder, 'part-0'), join(folder, 'part-1')] }
}

/** The error of the training input on these files. */
async function trainingError(folder: string, paths: readonly string[]): Promise<unknown> {
  const graph = new Graph()
  const files = placeholder(graph, 'files', 'string', [-1])
  const format = { ...shape, encoding: 'encoded' as const, mean: [0, 0, 0], std: [1, 1, 1] }
  const options = { batchSize: 7, dropRemainder: false }
  const batches = decodePipeline('train', data.tfRecords(files), format, options)
  const source = iterator(graph, 'input', batches.element)
  const [, labels] = next(source)
  await writeSavedModel(join(folder, 'program'), graph, {
    signatures: {
      start: {
        inputs: { files },
        outputs: effectOutputs(graph, 'started', [startIterator(source, batches)]),
      },
      step: { inputs: {}, outputs: { labels: labels! } },
    },
  })
  const session = await openSession(tensorflow(), join(folder, 'program'))
  session.run('start', { files: { data: paths, shape: [paths.length] } })
  try {
    session.run('step')
  } catch (error) {
    return error
  }
  return null
}

test('a training that meets a damaged image fails at once, with the record of the upload', async t => {
  const folder = await tempFolder(t)
  const dataset = await damagedSet(folder)
  const error = await trainingError(folder, dataset.paths)
  const uploaded = shuffledOrder(7)[5]
  await assert.rejects(
    rethrowWithRecord(error, [dataset]),
    (failure: unknown) =>
      failure instanceof TrainingFailure &&
      failure.code === 'bad_sample' &&
      failure.message ===
        `record ${uploaded} of data set 'photos' (record 1 of shards/part-1): the PNG ends in the middle, within its chunk IDAT; upload the data set without it`,
  )
})

test('another error of a training stays as it is', async t => {
  const folder = await tempFolder(t)
  const dataset = await damagedSet(folder)
  const other = new Error('x is not a function')
  await assert.rejects(rethrowWithRecord(other, [dataset]), other)
  const writer = new TfrecordWriter(join(folder, 'whole'))
  writer.write(encodeExample({ image: good, label: 0 }, shape))
  writer.close()
  await writeFile(join(folder, 'empty'), '')
  const paths = [join(folder, 'whole'), join(folder, 'empty')]
  assert.equal(await findBadImage({ ...dataset, paths }), null)
})
