import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { cast } from '../../src/graph/ops/math.js'
import { normalize, normalizeBatch } from '../../src/training/images.js'
import { signedUniforms } from '../graph/random.js'
import { openGraphSession } from '../graph/tensorflow.js'

const shape = [5, 40, 52, 3]
const [, , , channels] = shape
const length = shape.reduce((product, extent) => product * extent)
/** The second channel is constant. */
const statistics = { mean: [125.3, 123, 113.9], std: [63, 0, 66.7] }

const graph = new Graph()
const images = placeholder(graph, 'images', 'int32', [-1, ...shape.slice(1)])
const pixels = cast(images, 'uint8')
const session = await openGraphSession({ after }, graph, {
  normalize: {
    inputs: { images },
    outputs: { byImage: normalize(pixels, statistics), byRow: normalizeBatch(pixels, statistics) },
  },
})

test('a batch is normalized by channel, and a constant channel only moved', () => {
  const random = signedUniforms(1)
  const data = Int32Array.from({ length }, () => Math.round(127.5 + 127.5 * random()))
  const result = session.run('normalize', { images: { data, shape } })
  const [byImage, byRow] = [result.floats('byImage'), result.floats('byRow')]
  for (const [i, pixel] of data.entries()) {
    const channel = i % channels!
    const expected = (pixel - statistics.mean[channel]!) / (statistics.std[channel] || 1)
    for (const value of [byImage[i]!, byRow[i]!]) {
      assert.ok(
        Math.abs(value - expected) < 1e-6 * (1 + Math.abs(expected)),
        `${value}, ${expected}`,
      )
    }
  }
})
