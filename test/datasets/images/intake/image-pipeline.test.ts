import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { PNG } from 'pngjs'
import {
  ImagePipeline,
  type PipelineInput,
} from '../../../../src/datasets/images/intake/image-pipeline.js'
import { contentKinds } from '../../../../src/graph/ops/standard-image.js'
import { tempFolder } from '../../../../testing/temp-folder.js'

const folder = await tempFolder({ after })
const target = { height: 2, width: 2, channels: 1, mode: null } as const

function file(grey: number): PipelineInput {
  const png = new PNG({ width: 2, height: 2 })
  png.data.fill(grey)
  for (let pixel = 0; pixel < 4; pixel++) png.data[4 * pixel + 3] = 255
  return input(PNG.sync.write(png))
}

const input = (contents: Uint8Array): PipelineInput => ({
  contents,
  facts: { kind: contentKinds.file, orientation: 1, height: 0, width: 0 },
  encode: false,
})

const damaged = input(Buffer.from('no image'))

test('chunks come in order; images that cannot be decoded do not harm others of their chunk', async () => {
  const pipeline = await ImagePipeline.open(target, folder)
  try {
    const chunks = [[file(1), damaged, file(2)], [damaged, damaged], [file(3)]]
    const found: (number | null)[][] = []
    const finish = () => found.push(pipeline.finish().map(output => output && output.pixels[3]!))
    for (const [i, chunk] of chunks.entries()) {
      pipeline.start(chunk)
      if (i > 0) finish()
    }
    finish()
    assert.deepEqual(found, [[1, null, 2], [null, null], [3]])
  } finally {
    pipeline.close()
  }
})

test('closes whatever is under way', async () => {
  for (const chunks of [0, 1, 2]) {
    const pipeline = await ImagePipeline.open(target, folder)
    for (let chunk = 0; chunk < chunks; chunk++) pipeline.start([file(7), damaged])
    pipeline.close()
  }
})
