// Image files of requests are resized by an op of our own, to the pixels of the stock ops in the published model.
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { withNativeResize } from '../../../src/graph/native-resize-part.js'
import { SavedModelSchema } from '../../../src/graph/proto/tensorflow_pb.js'
import { openSession } from '../../../src/graph/session.js'
import { mulberry32 } from '../../../testing/random.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { Decoder } from '../../../workers/prediction/decoder.js'
import { png } from '../../datasets/bombs.js'
import { tf, writeRandomModel } from '../../runtimes/random-model.js'

const model = {
  kind: 'resnet',
  block: 'plain',
  blocks: 2,
  filters: 8,
  kernel: 3,
  ratio: 4,
} as const
const side = 24
const image = [side, side, 3] as const
const folder = await writeRandomModel(await tempFolder({ after }), model, side)

/** A PNG of grey noise. */
function noise(height: number, width: number): Buffer {
  const random = mulberry32(height * width)
  return png(
    height,
    width,
    Uint8Array.from({ length: height * (width + 1) }, (_, i) =>
      i % (width + 1) === 0 ? 0 : random() * 256,
    ),
  )
}

test('files are decoded to the pixels of the published graph, alone and together', async t => {
  const decoder = await Decoder.open(tf, folder, image)
  const published = new Decoder(await openSession(tf, folder), image)
  t.after(() => [decoder, published].map(each => each.close()))
  const sizes = [
    [side, side],
    [7, 90],
    [61, 83],
    [200, 31],
    [1, 1],
  ] as const
  const files = sizes.map(([height, width], position) => ({
    contents: noise(height, width),
    position,
  }))
  const expected = published.decode(files)
  assert.ok(expected.every(pixels => pixels instanceof Float32Array))
  assert.deepEqual(decoder.decode(files), expected)
  for (const [i, file] of files.entries()) {
    assert.deepEqual(decoder.decode([file]), [expected[i]])
  }
})

test('a graph is rewritten wherever it resizes, and one that resizes nowhere is not', async () => {
  const published = fromBinary(SavedModelSchema, await readFile(join(folder, 'saved_model.pb')))
  const rewritten = withNativeResize(published)!
  const opsOf = ({ metaGraphs }: typeof published) =>
    metaGraphs.flatMap(({ graphDef }) =>
      [graphDef!.node, ...graphDef!.library!.function.map(({ nodeDef }) => nodeDef)]
        .flat()
        .map(({ op }) => op),
    )
  const count = (of: typeof published, op: string) => opsOf(of).filter(each => each === op).length
  // of the signatures `decode`, `decode_files` and `serving_files`
  assert.equal(count(published, 'ScaleAndTranslate'), 3)
  assert.equal(count(published, 'TrainyardResize'), 0)
  assert.equal(count(rewritten, 'TrainyardResize'), 3)
  const [metaGraph] = published.metaGraphs
  const nodes = metaGraph!.graphDef!.node.filter(({ op }) => op !== 'ScaleAndTranslate')
  const graphDef = { ...metaGraph!.graphDef!, node: nodes, library: undefined }
  assert.equal(withNativeResize({ ...published, metaGraphs: [{ ...metaGraph!, graphDef }] }), null)
})

test('a graph that resizes in another way is decoded as it is', async t => {
  const other = await tempFolder({ after })
  await cp(folder, other, { recursive: true })
  const path = join(other, 'saved_model.pb')
  const published = fromBinary(SavedModelSchema, await readFile(path))
  const { node, library } = published.metaGraphs[0]!.graphDef!
  for (const { op, attr } of [node, ...library!.function.map(({ nodeDef }) => nodeDef)].flat()) {
    if (op === 'ScaleAndTranslate') attr.antialias!.value = { case: 'b', value: false }
  }
  await writeFile(path, toBinary(SavedModelSchema, published))
  const decoder = await Decoder.open(tf, other, image)
  const stock = new Decoder(await openSession(tf, other), image)
  const antialiased = await Decoder.open(tf, folder, image)
  t.after(() => [decoder, stock, antialiased].map(each => each.close()))
  const file = { contents: noise(61, 83), position: 0 }
  assert.deepEqual(decoder.decode([file]), stock.decode([file]))
  assert.notDeepEqual(decoder.decode([file]), antialiased.decode([file]))
  assert.equal(antialiased.resizesAs(stock), false)
})
