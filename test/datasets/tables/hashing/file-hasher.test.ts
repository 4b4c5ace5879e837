import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import test from 'node:test'
import { FileHasher } from '../../../../src/datasets/tables/hashing/file-hasher.js'
import { eventually } from '../../../../testing/eventually.js'

/** Lengths of the pieces of files: none, some that fill chunks exactly, and some that fill them all at once. */
const files = [
  [],
  [0],
  [1, 2, 3],
  [2 ** 18],
  [2 ** 18 - 1, 1, 1],
  [5, 2 ** 21 + 7, 64],
  Array.from({ length: 3000 }, (_, at) => at % 1000),
]

test('files that a thread hashes have the hashes of files that are hashed here', async () => {
  using hasher = new FileHasher(2 ** 30)
  // there is no thread on one core
  if (availableParallelism() > 1)
    await eventually('the thread to start', () => hasher.hasThread, { intervalMs: 5 })
  for (const lengths of files) {
    const [hash, expected] = [hasher.next(), createHash('sha256')]
    for (const length of lengths) {
      const piece = randomBytes(length)
      hash.update(piece)
      expected.update(piece)
      // it has been copied
      piece.fill(0)
    }
    assert.equal(hash.digest('hex'), expected.digest('hex'))
  }
})

test('the files of small tables are hashed without a thread', () => {
  using hasher = new FileHasher(1000)
  assert.equal(hasher.hasThread, false)
  const hash = hasher.next()
  hash.update(Buffer.from('abc'))
  assert.equal(hash.digest('hex'), createHash('sha256').update('abc').digest('hex'))
})
