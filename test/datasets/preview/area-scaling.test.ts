import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitInto, scaleByArea } from '../../../src/datasets/preview/area-scaling.js'

const grey = (height: number, width: number) => ({ height, width, channels: 1 })

test('a size fits into a square with its aspect ratio', () => {
  assert.deepEqual(fitInto(64, { height: 28, width: 28 }), { height: 64, width: 64 })
  assert.deepEqual(fitInto(64, { height: 240, width: 320 }), { height: 48, width: 64 })
  assert.deepEqual(fitInto(8, { height: 1, width: 1000 }), { height: 1, width: 8 })
})

test('the same size keeps the pixels, and an integer factor repeats them', () => {
  const pixels = Uint8Array.of(1, 2, 3, 250, 251, 252)
  assert.deepEqual(scaleByArea(pixels, grey(2, 3), { height: 2, width: 3 }), pixels)
  assert.deepEqual(
    scaleByArea(Uint8Array.of(10, 20), grey(1, 2), { height: 2, width: 4 }),
    Uint8Array.of(10, 10, 20, 20, 10, 10, 20, 20),
  )
})

test('a smaller image has the mean of the area that each pixel covers', () => {
  const pixels = Uint8Array.of(0, 100, 50, 150, 10, 20, 30, 40)
  assert.deepEqual(
    scaleByArea(pixels, grey(2, 4), { height: 1, width: 2 }),
    Uint8Array.of(Math.round((0 + 100 + 10 + 20) / 4), Math.round((50 + 150 + 30 + 40) / 4)),
  )
  // two thirds of a pixel each: 0 and half of 90, half of 90 and 30
  assert.deepEqual(
    scaleByArea(Uint8Array.of(0, 90, 30), grey(1, 3), { height: 1, width: 2 }),
    Uint8Array.of(30, 50),
  )
})

test('channels are scaled on their own, and an even image stays even at any size', () => {
  const pixels = new Uint8Array(7 * 5 * 3).map((_, i) => [10, 130, 255][i % 3]!)
  for (const size of [
    { height: 3, width: 11 },
    { height: 64, width: 2 },
  ]) {
    const scaled = scaleByArea(pixels, { height: 7, width: 5, channels: 3 }, size)
    assert.deepEqual(
      [...scaled],
      Array.from(scaled, (_, i) => [10, 130, 255][i % 3]!),
    )
  }
})
