import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageColumns, imageFeatures } from '../../src/watching/image-features.js'
import { assertClose } from '../../testing/assert-close.js'
import { mulberry32 } from '../../testing/random.js'

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const deviation = (values: number[]) => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map(value => (value - middle) ** 2)))
}

for (const channels of [1, 3, 4]) {
  test(`of ${channels} channels, each image has its brightness, contrast and colours`, () => {
    const next = mulberry32(channels)
    const [height, width] = [6, 5]
    const size = height * width * channels
    const pixels = Float32Array.from({ length: 2 * size }, () => 255 * next())
    const names = imageColumns(channels).map(({ name }) => name)
    const rows = imageFeatures(pixels, [height, width, channels])
    assert.equal(rows.length, 2 * names.length)
    for (let image = 0; image < 2; image++) {
      const own = [...pixels.subarray(image * size, (image + 1) * size)]
      const channel = (c: number) => own.filter((_, i) => i % channels === c)
      const colours = own.filter((_, i) => i % channels < 3)
      const expected: Record<string, number> = {
        ...{ brightness: mean(colours), contrast: deviation(colours) },
        ...{ red: mean(channel(0)), green: mean(channel(1)), blue: mean(channel(2)) },
        opacity: mean(channel(3)),
      }
      for (const [i, name] of names.entries())
        assertClose(rows[image * names.length + i]!, expected[name]!, 1e-3, name)
    }
  })
}

test('of a large image, evenly spread pixels are looked at', () => {
  const [height, width] = [300, 200]
  const pixels = Float32Array.from({ length: height * width }, (_, i) => (255 * i) / (300 * 200))
  const [brightness, contrast] = imageFeatures(pixels, [height, width, 1])
  assertClose(brightness!, 127.5, 0.5, 'brightness')
  assertClose(contrast!, 255 / Math.sqrt(12), 0.5, 'contrast')
})
