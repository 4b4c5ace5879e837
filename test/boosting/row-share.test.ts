import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkShares, shareOf } from '../../src/boosting/row-share.js'
import type { Table } from '../../src/boosting/training-table.js'
import { TrainingFailure } from '../../src/errors.js'
import { dense, makeFriedman1, tableOf } from './tables.js'

const numbers = (length: number, of: (i: number) => number) =>
  Float32Array.from({ length }, (_, i) => of(i))

test('rows are dealt out in turn, with everything that belongs to them', () => {
  const rows = 11
  const table = tableOf(
    [{ name: 'x', values: numbers(rows, i => 10 * i) }],
    numbers(rows, i => i),
    {
      batchRows: 4,
      weights: numbers(rows, i => i / 2),
      offsets: numbers(rows, i => -i),
    },
  )
  const shares = [0, 1, 2].map(rank => shareOf(table, { rank, world: 3 }))
  assert.deepEqual(
    shares.map(({ labels }) => [...labels]),
    [
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8],
    ],
  )
  for (const share of shares) {
    const { labels } = share
    assert.equal(share.rows, labels.length)
    assert.deepEqual(
      [...dense(share)],
      [...labels].map(label => 10 * label),
    )
    assert.deepEqual(
      [...share.sampleWeights!],
      [...labels].map(label => label / 2),
    )
    assert.deepEqual(
      [...share.offsets!],
      [...labels].map(label => -label),
    )
  }
})

test('groups are dealt out as a whole', () => {
  const groups = Uint32Array.from([0, 0, 0, 2, 2, 5, 7, 7])
  const table = tableOf(
    [{ name: 'x', values: numbers(8, i => i) }],
    numbers(8, i => i),
    { groups },
  )
  const shares = [0, 1].map(rank => shareOf(table, { rank, world: 2 }))
  assert.deepEqual(
    shares.map(share => [...share.groups!]),
    [
      [0, 0, 0, 5],
      [2, 2, 7, 7],
    ],
  )
  assert.deepEqual(
    shares.map(share => [...dense(share)]),
    [
      [0, 1, 2, 5],
      [3, 4, 6, 7],
    ],
  )
})

test('each row has one rank, whatever the batches', () => {
  const labelsOf = (table: Table) =>
    [0, 1, 2, 3].flatMap(rank => [...shareOf(table, { rank, world: 4 }).labels])
  const one = labelsOf(makeFriedman1(103, 100))
  assert.deepEqual(one.toSorted(), [...makeFriedman1(103, 100).labels].toSorted())
  assert.deepEqual(labelsOf(makeFriedman1(103, 7)), one)
})

test('a rank without a row fails the job with the number that is possible', () => {
  const table = makeFriedman1(3)
  checkShares(table, 3, 'train on')
  assert.throws(
    () => checkShares(table, 4, 'train on'),
    (error: unknown) =>
      error instanceof TrainingFailure &&
      error.message ===
        'resources.workers is 4, but there are 3 rows to train on: take fewer workers, so that each has one',
  )
})
