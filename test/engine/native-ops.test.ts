// Our own ops give the bytes of the stock ops that take their place where they could not be compiled.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadNativeOps, loadTrainingOps, openOps } from '../../src/engine/native-ops.js'
import { runsNativeTraining } from '../../src/engine/processor.js'
import { Graph } from '../../src/graph/graph.js'
import { reshape } from '../../src/graph/ops/array.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { cast } from '../../src/graph/ops/math.js'
import { nativeResize } from '../../src/graph/ops/native-resize.js'
import { stockResize } from '../../src/graph/ops/standard-image.js'
import { SessionError } from '../../src/graph/values.js'
import { mulberry32 } from '../../testing/random.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { openGraphSession } from '../graph/tensorflow.js'

const isCompiled = loadNativeOps()
const skip = isCompiled ? false : 'set-up could not compile the ops'

async function resizeSession(channels: 1 | 3 | 4) {
  const graph = new Graph()
  const image = placeholder(graph, 'image', 'int32', [-1, -1, channels])
  const size = placeholder(graph, 'size', 'int32', [2])
  const scales = placeholder(graph, 'scales', 'float32', [2])
  const margins = placeholder(graph, 'margins', 'float32', [2])
  const [native, stock] = [nativeResize, stockResize].map(resizer =>
    reshape(cast(resizer(cast(image, 'uint8'), size, scales, margins), 'int32'), [-1]),
  )
  const inputs = { image, size, scales, margins }
  return openGraphSession({ after }, graph, {
    both: { inputs, outputs: { native: native!, stock: stock! } },
    native: { inputs, outputs: { native: native! } },
  })
}

for (const channels of [1, 3, 4] as const) {
  test(`an image of ${channels} channels is resized to the same bytes`, { skip }, async () => {
    const session = await resizeSession(channels)
    const random = mulberry32(channels)
    const upTo = (most: number) => 1 + Math.floor(random() * most)
    for (let round = 0; round < 120; round++) {
      // a third of the images are small, and a third are much larger than what they become
      const most = [12, 90, 400][round % 3]!
      const [height, width, wantedHeight, wantedWidth] = [most, most, 70, 70].map(upTo)
      const pixels = Int32Array.from({ length: height! * width! * channels }, () => random() * 256)
      const ratios = [wantedHeight! / height!, wantedWidth! / width!].map(Math.fround)
      const common = round % 2 === 0 ? Math.max(...ratios) : Math.min(...ratios)
      // stretched, cut or filled; or moved anywhere
      const scales = round % 5 === 0 ? ratios : [common, common]
      const centered = [
        (wantedHeight! - height! * common) / 2,
        (wantedWidth! - width! * common) / 2,
      ]
      const anywhere = [60 * random() - 30, 60 * random() - 30]
      const margins = round % 5 === 0 ? [0, 0] : round % 7 === 0 ? anywhere : centered
      const pair = (data: Float32Array | Int32Array) => ({ data, shape: [2] })
      const result = session.run('both', {
        image: { data: pixels, shape: [height!, width!, channels] },
        size: pair(Int32Array.of(wantedHeight!, wantedWidth!)),
        scales: pair(Float32Array.from(scales)),
        margins: pair(Float32Array.from(margins)),
      })
      const what = JSON.stringify({ height, width, wantedHeight, wantedWidth, scales, margins })
      assert.deepEqual(result.ints('native'), result.ints('stock'), what)
    }
  })
}

test('a size or scale that makes no sense is an error', { skip }, async () => {
  const session = await resizeSession(1)
  const feeds = {
    image: { data: Int32Array.of(1, 2), shape: [1, 2, 1] },
    size: { data: Int32Array.of(1, 1), shape: [2] },
    scales: { data: Float32Array.of(1, 1), shape: [2] },
    margins: { data: Float32Array.of(0, 0), shape: [2] },
  }
  const wrong = {
    size: { data: Int32Array.of(0, 1), shape: [2] },
    scales: { data: Float32Array.of(1, Number.NaN), shape: [2] },
    image: { data: new Int32Array(), shape: [0, 2, 1] },
  }
  for (const [name, feed] of Object.entries(wrong)) {
    assert.throws(() => session.run('native', { ...feeds, [name]: feed }), SessionError, name)
  }
})

test('training steps run ours where the processor and the compiler have vectors', { skip }, () => {
  // set-up compiles with the first of these that it finds, and GCC makes vectors for x86
  const isGcc =
    spawnSync('g++', ['--version']).stdout?.toString().includes('Free Software') ?? false
  const hasVectors = process.arch !== 'x64' || isGcc
  assert.equal(loadTrainingOps(), hasVectors && runsNativeTraining())
})

test('a library that does not load is named in a warning', async () => {
  const folder = await tempFolder({ after })
  const broken = join(folder, 'broken.so')
  await writeFile(broken, 'no library')
  for (const path of [join(folder, 'missing.so'), broken]) {
    const warned = once(process, 'warning')
    assert.equal(openOps(path), null)
    const [warning] = await warned
    assert.equal(warning.name, 'TrainyardWarning')
    assert.ok(warning.message.includes(path), warning.message)
    assert.match(warning.message, /npm run setup/)
  }
})
