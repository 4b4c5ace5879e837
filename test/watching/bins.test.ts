import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NumberBins } from '../../src/spec/model-watch.js'
import {
  BinLayout,
  binNames,
  maxFeatures,
  referenceBins,
  referenceCounts,
} from '../../src/watching/bins.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { mulberry32 } from '../../testing/random.js'

const number = (name: string, index: number) => ({ name, index, categories: null })

test(
  'bins are the quantiles that NumPy finds, and every value is in the bin that NumPy says',
  needsDataWitnesses,
  async () => {
    const next = mulberry32(7)
    const values = Float32Array.from({ length: 1000 }, (_, i) =>
      i % 10 === 3 ? Number.NaN : i % 4 === 0 ? 0 : 100 * next() ** 3,
    )
    const [bins] = referenceBins(values, 1, [number('a', 0)]) as [NumberBins]
    const witness = JSON.parse(
      await runPython(
        `import sys, json, numpy as np
v = np.array([np.nan if x is None else x for x in json.loads(sys.argv[1])], dtype=np.float32)
n = int(np.isnan(v).sum()); v = v[~np.isnan(v)]
q = [np.quantile(v, i / 10, method='inverted_cdf') for i in range(1, 10)]
inner = sorted(set(float(x) for x in q if x < v.max()))
edges = [float(v.min())] + inner + [float(v.max())]
at = np.digitize(v, inner, right=True)
print(json.dumps({'edges': edges, 'missing': n, 'counts': [0] + [int((at == i).sum()) for i in range(len(inner) + 1)] + [0]}))`,
        JSON.stringify([...values].map(value => (Number.isNaN(value) ? null : value))),
      ),
    )
    const { edges, counts, missing } = bins
    assert.deepEqual({ edges, counts, missing }, witness)
    assert.ok(edges.length > 8)
  },
)

test('live values are counted in the bins of the reference, also those that it never had', () => {
  const reference = Float32Array.from({ length: 2 * 400 }, (_, i) =>
    i % 2 === 0 ? (i / 2) % 100 : ((i / 2) % 3) | 0,
  )
  const columns = [number('a', 0), { name: 'c', index: 1, categories: ['x', 'y', 'z'] }]
  const features = referenceBins(reference, 2, columns)
  const layout = new BinLayout(features)
  const counts = layout.empty()
  const rows = [-1, 0, 0, 1, 99, 2, 100, 0, Number.NaN, Number.NaN, 50, Number.NaN]
  for (let row = 0; row < 6; row++) layout.countRow(counts, rows, 2 * row)
  layout.moveToUnknown(counts, 1, 1)
  const found = features.map((feature, i) =>
    Object.fromEntries(
      binNames(feature).map((name, bin) => [name, counts[layout.offsets[i]! + bin]!]),
    ),
  )
  const [a, c] = found
  assert.deepEqual([a!['< 0'], a!['> 99'], a!['(missing)']], [1, 1, 1])
  assert.equal(
    Object.values(a!).reduce((sum, n) => sum + n, 0),
    6,
  )
  assert.deepEqual(c, { x: 2, y: 1, z: 1, '(other)': 0, '(unknown)': 1, '(missing)': 1 })
  assert.equal(referenceCounts(features).length, counts.length)
})

test('a reference that is small has few bins, and rare categories share one', () => {
  const rows = Float32Array.from({ length: 150 }, (_, i) => i)
  const [bins] = referenceBins(rows, 1, [number('a', 0)])
  // two bins of 75 rows, and one on each side
  assert.deepEqual(bins!.counts, [0, 75, 75, 0])
  const codes = Float32Array.from({ length: 300 }, (_, i) => (i < 200 ? i % 2 : i % 50))
  const categories = Array.from({ length: 50 }, (_, i) => `c${i}`)
  const [named] = referenceBins(codes, 1, [{ name: 'c', index: 0, categories }])
  assert.ok(named?.kind === 'category')
  assert.deepEqual(named.values, ['c0', 'c1', 'c2'])
  assert.deepEqual([...named.counts, named.other], [102, 102, 2, 94])
})

test('constants, columns without values and infinities have bins', () => {
  const layout = (values: number[]) =>
    new BinLayout(referenceBins(Float32Array.from(values), 1, [number('a', 0)]))
  const count = (bins: BinLayout, value: number) => {
    const counts = bins.empty()
    bins.countValue(counts, 0, value)
    return [...counts]
  }
  const constant = layout(Array(200).fill(5))
  assert.deepEqual(
    [4, 5, 6].map(value => count(constant, value).indexOf(1)),
    [0, 1, 2],
  )
  const empty = layout(Array(200).fill(Number.NaN))
  assert.equal(count(empty, Number.NaN).at(-1), 1)
  const infinite = layout([...Array(200).keys(), Number.POSITIVE_INFINITY])
  assert.equal(JSON.parse(JSON.stringify(infinite.features))[0].edges.at(-1), Number.MAX_VALUE)
  assert.equal(count(infinite, Number.POSITIVE_INFINITY).at(-2), 1)
})

test('of very many columns, a bounded number is counted', () => {
  const columns = Array.from({ length: 3000 }, (_, i) => number(`c${i}`, i))
  assert.equal(referenceBins(new Float32Array(3000), 3000, columns).length, maxFeatures)
})
