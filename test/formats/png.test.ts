import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PNG } from 'pngjs'
import { encodePng } from '../../src/formats/png.js'

const sizes = [
  { height: 1, width: 1 },
  { height: 5, width: 7 },
  { height: 64, width: 33 },
]
const channelCounts = [1, 3, 4] as const

/** The pixels as PNG readers give them: four values each. */
function toRgba(pixels: Uint8Array, channels: 1 | 3 | 4): number[] {
  const rgba: number[] = []
  for (let i = 0; i < pixels.length; i += channels) {
    const pixel = [...pixels.subarray(i, i + channels)]
    if (channels === 1) rgba.push(pixel[0]!, pixel[0]!, pixel[0]!, 255)
    else rgba.push(...pixel.slice(0, 3), pixel[3] ?? 255)
  }
  return rgba
}

for (const channels of channelCounts) {
  test(`another reader finds the same pixels in a PNG of ${channels} channels`, () => {
    for (const { height, width } of sizes) {
      const length = height * width * channels
      const noise = Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13)
      const smooth = Uint8Array.from({ length }, (_, i) => i / 9)
      for (const pixels of [noise, smooth, new Uint8Array(length).fill(255)]) {
        const png = PNG.sync.read(encodePng(pixels, { height, width, channels }))
        assert.deepEqual([png.height, png.width], [height, width])
        assert.deepEqual([...png.data], toRgba(pixels, channels))
      }
    }
  })
}

test('pixels that do not fill the shape are no image', () => {
  assert.throws(() => encodePng(new Uint8Array(11), { height: 2, width: 2, channels: 3 }), /11/)
})
