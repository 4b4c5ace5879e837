import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computeHistograms } from '../../../src/datasets/preview/histograms.js'
import { readRows } from '../../../src/datasets/preview/table-rows.js'
import { shortestDecimal } from '../../../src/datasets/stored/stored-columns.js'
import type { StoredDataset } from '../../../src/datasets/stored/stored-dataset.js'
import type { TableManifest } from '../../../src/spec/dataset.js'
import { freshDatasets } from '../uploads.js'

type Test = Parameters<typeof freshDatasets>[0]

async function storedTable(t: Test, csv: string, schema = '{}') {
  const { store, uploadTable } = await freshDatasets(t)
  const { dataset } = await uploadTable({ 'a.csv': Buffer.from(csv) }, { schema })
  const key = `datasets/${dataset.id}`
  const stored: StoredDataset<TableManifest> = {
    manifest: dataset,
    folder: await store.folder(key),
    key,
  }
  return stored
}

test('bins hold what counting one by one finds, over several batches', async t => {
  const values = Array.from({ length: 70_000 }, (_, i) => ((i * 7919) % 10_007) / 8)
  const dataset = await storedTable(t, ['x', ...values].join('\n'), '{"x":"number"}')
  const [histogram] = computeHistograms(dataset, { columns: ['x'], bins: 13 })
  assert.ok(histogram?.type === 'number')
  const { edges, counts } = histogram
  for (let bin = 0; bin < 13; bin++) {
    const isLast = bin === 12
    const inBin = values.filter(
      x => x >= edges[bin]! && (x < edges[bin + 1]! || (isLast && x === edges[13])),
    )
    assert.equal(counts[bin], inBin.length, `bin ${bin}`)
  }
  assert.equal(histogram.countedRows, 70_000)
})

test('integers have bins of whole numbers, each with as many', async t => {
  const dataset = await storedTable(t, ['n', ...Array(10).keys()].join('\n'))
  const of = (bins: number) => {
    const [histogram] = computeHistograms(dataset, { columns: ['n'], bins })
    assert.ok(histogram?.type === 'integer')
    return [histogram.edges, histogram.counts]
  }
  assert.deepEqual(of(1), [[0, 10], [10]])
  assert.deepEqual(of(5), [
    [0, 2, 4, 6, 8, 10],
    [2, 2, 2, 2, 2],
  ])
  assert.deepEqual(of(4), [
    [0, 3, 6, 9, 12],
    [3, 3, 3, 1],
  ])
  assert.deepEqual(of(1000)[1], Array(10).fill(1))
})

test('a column of one value has one bin, and an empty one has none', async t => {
  const dataset = await storedTable(t, 'x,y\n2.5,\n2.5,\n', '{"x":"number","y":"number"}')
  const [x, y] = computeHistograms(dataset, { columns: ['x', 'y'], bins: 10 })
  assert.ok(x?.type === 'number' && y?.type === 'number')
  assert.deepEqual([x.edges, x.counts], [[2.5, 2.5], [2]])
  assert.deepEqual([y.edges, y.counts, y.missing], [[], [], 2])
})

test('rows of any place come as they were uploaded, over several batches', async t => {
  const row = (i: number) => `${i / 10},${i % 3 === 0 ? '' : i},"k${i % 5}"`
  const lines = Array.from({ length: 70_000 }, (_, i) => row(i))
  const dataset = await storedTable(t, ['a,b,__proto__', ...lines].join('\n'))
  const { rows } = readRows(dataset, { columns: ['b', 'a', '__proto__'], from: 65_530, limit: 10 })
  assert.equal(rows.length, 10)
  for (const [at, found] of rows.entries()) {
    const i = 65_530 + at
    assert.deepEqual(Object.entries(found), [
      ['a', i / 10],
      ['b', i % 3 === 0 ? null : i],
      ['__proto__', `k${i % 5}`],
    ])
  }
})

test('a float32 is shown with the fewest digits that are the same float32', () => {
  for (const value of [
    0.1,
    123456.7,
    1e-7,
    3.4e38,
    -2.5,
    16_777_215,
    0.333333,
    1 / 3,
    1e10,
    5e-45,
  ]) {
    const stored = Math.fround(value)
    assert.equal(Math.fround(shortestDecimal(stored)), stored, String(value))
  }
  assert.equal(shortestDecimal(Math.fround(0.1)), 0.1)
  assert.equal(shortestDecimal(Math.fround(123456.7)), 123456.7)
})
