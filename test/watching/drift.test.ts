import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinLayout, type CountedColumn, referencePart } from '../../src/watching/bins.js'
import {
  compareWithReference,
  jensenShannon,
  kolmogorovSmirnov,
  psi,
} from '../../src/watching/drift.js'
import { assertClose } from '../../testing/assert-close.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { mulberry32 } from '../../testing/random.js'

const columns: CountedColumn[] = [
  { name: 'steady', index: 0, categories: null },
  { name: 'moved', index: 1, categories: null },
  { name: 'kind', index: 2, categories: ['a', 'b', 'c', 'd'] },
]

/** `shift`: of the column `moved`, in standard deviations. */
function rowsOf(count: number, seed: number, shift = 0): Float32Array {
  const next = mulberry32(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return Float32Array.from({ length: 3 * count }, (_, i) => {
    if (i % 3 === 2) return Math.min(3, Math.floor(4 * next() ** 2))
    return normal() + (i % 3 === 1 ? shift : 0)
  })
}

function compare(reference: Float32Array, live: Float32Array, unknown = 0) {
  const part = referencePart('training', 5000, { rows: reference, width: 3, columns })
  const layout = new BinLayout(part.features)
  const counts = layout.empty()
  for (let row = 0; row < live.length; row += 3) layout.countRow(counts, live, row)
  layout.moveToUnknown(counts, 2, unknown)
  return compareWithReference(part, counts)
}

test(
  'PSI and divergences are what NumPy and SciPy’s formulas give',
  needsDataWitnesses,
  async () => {
    const [a, b] = [
      [10, 40, 50, 0],
      [30, 300, 600, 70],
    ]
    const witness = JSON.parse(
      await runPython(
        `import sys, json, numpy as np
a, b = (np.array(x, dtype=float) for x in json.loads(sys.argv[1]))
p, q = ((x + .5) / (x + .5).sum() for x in (a, b))
m = (p + q) / 2
kl = lambda x, y: float((x * np.log2(x / y)).sum())
ks = float(np.abs(np.cumsum(a / a.sum()) - np.cumsum(b / b.sum())).max())
print(json.dumps([float(((q - p) * np.log(q / p)).sum()), (kl(p, m) + kl(q, m)) / 2, ks]))`,
        JSON.stringify([a, b]),
      ),
    )
    const found = [psi(a!, b!), jensenShannon(a!, b!), kolmogorovSmirnov(a!, b!)]
    for (const [i, value] of found.entries())
      assertClose(value, witness[i], 1e-12, ['PSI', 'Jensen–Shannon', 'Kolmogorov–Smirnov'][i]!)
  },
)

test('the same distribution has little drift, and a shifted column is named', () => {
  const reference = rowsOf(5000, 1)
  const same = compare(reference, rowsOf(5000, 2))
  assert.equal(same.status, 'none')
  assert.ok(same.worst!.psi < 0.02, `${same.worst!.psi}`)
  for (const { jensenShannon, ks, kind } of same.features) {
    assert.ok(jensenShannon! < 0.005)
    assert.equal(ks === null, kind === 'category')
  }
  const shifted = compare(reference, rowsOf(5000, 3, 1))
  assert.equal(shifted.status, 'large')
  assert.equal(shifted.worst!.name, 'moved')
  const statuses = Object.fromEntries(shifted.features.map(each => [each.name, each.status]))
  assert.deepEqual(statuses, { moved: 'large', steady: 'none', kind: 'none' })
  // of N(0, 1) and N(1, 1), the statistic is 2Φ(1/2) - 1
  assert.ok(Math.abs(shifted.features[0]!.ks! - 0.383) < 0.03)
})

test('values that training never had, unknown categories and missing values are drift', () => {
  const reference = rowsOf(5000, 1)
  const beyond = rowsOf(5000, 4).map((value, i) => (i % 3 === 1 && i % 2 === 0 ? 1000 : value))
  assert.equal(compare(reference, beyond).worst!.name, 'moved')
  const lost = rowsOf(5000, 5).map((value, i) => (i % 3 === 0 && i % 2 === 0 ? Number.NaN : value))
  assert.equal(compare(reference, lost).worst!.name, 'steady')
  const foreign = rowsOf(5000, 6).map((value, i) =>
    i % 3 === 2 && i % 2 === 0 ? Number.NaN : value,
  )
  const report = compare(reference, foreign, 2500)
  assert.deepEqual([report.worst!.name, report.status], ['kind', 'large'])
  const bins = report.features[0]!.bins
  assert.equal(bins.find(({ name }) => name === '(unknown)')!.live, 2500)
  assert.equal(bins.find(({ name }) => name === '(missing)')!.live, 0)
})

test('too few rows have no value, and say how many they need', () => {
  const reference = rowsOf(5000, 1)
  const few = compare(reference, rowsOf(50, 2, 3))
  assert.equal(few.status, 'not_enough')
  assert.equal(few.worst, null)
  for (const { psi, ks, rowsNeeded } of few.features) {
    assert.deepEqual([psi, ks], [null, null])
    assert.ok(rowsNeeded! > 50)
  }
  const { rowsNeeded } = few.features.find(({ name }) => name === 'moved')!
  const enough = compare(reference, rowsOf(rowsNeeded! + 300, 2, 3))
  assert.equal(enough.worst!.name, 'moved')
  // nothing helps against a small reference
  const small = compare(rowsOf(40, 1), rowsOf(5000, 2, 3))
  assert.deepEqual(
    small.features.map(each => [each.status, each.rowsNeeded]),
    Array(3).fill(['not_enough', null]),
  )
})

test('without drift, chance alone makes no moderate one', () => {
  for (let seed = 10; seed < 40; seed++) {
    const { worst } = compare(rowsOf(1000, seed), rowsOf(1000, seed + 100))
    assert.ok((worst?.psi ?? 0) < 0.1, `${worst?.psi} with seed ${seed}`)
  }
})
