import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DuplicateSearch } from '../../../../src/datasets/images/intake/duplicates.js'
import { partCount } from '../../../../src/datasets/images/intake/fingerprint.js'

const shape = { height: 64, width: 64, channels: 1 } as const
const parts = new Uint8Array(partCount).fill(100)
const fingerprint = (high: number, low: number) => ({ high, low, parts })

/** Images 0 and 2 are equal, 1 and 3 differ in one bit of their fingerprints. */
function search(limit?: number) {
  const found = new DuplicateSearch(shape, limit)
  found.add(7, fingerprint(0xffff, 0), 0)
  found.add(8, fingerprint(0xffff0000, 0), 0)
  found.add(7, fingerprint(0xffff, 0), 1)
  found.add(9, fingerprint(0xffff0000, 1), 1)
  return found.find(String)
}

test('equal images and images that look nearly the same are found, also across splits', () => {
  const { exact, near } = search()
  assert.deepEqual(exact, { groups: 1, images: 2, acrossSplits: 1, examples: [['0', '2']] })
  assert.deepEqual(near, { groups: 1, images: 2, acrossSplits: 1, examples: [['1', '3']] })
})

test('of too many images, those that are equal are found, and no others are searched', () => {
  const { exact, near } = search(3)
  assert.equal(exact.groups, 1)
  assert.equal(near, null)
  assert.notEqual(search(4).near, null)
})
