import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { xgboost } from '../../src/boosting/capi.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { exportBoosting } from '../../src/boosting/train.js'
import type { Table } from '../../src/boosting/training-table.js'
import { TrainingFailure } from '../../src/errors.js'
import { boost, boostingOptions, modelHash } from './boost.js'
import { csvTable, dense, makeFriedman1, sliceRows, withLabels } from './tables.js'

const binaryLabels = (table: Table) =>
  withLabels(
    table,
    table.labels.map(v => (v > 15 ? 1 : 0)),
  )
const classLabels = (table: Table) =>
  withLabels(
    table,
    table.labels.map(v => Math.min(3, v >> 3)),
  )

const kinds = [
  { name: 'regression', table: csvTable('diabetes'), classes: null },
  { name: 'binary', table: csvTable('breast-cancer'), classes: null },
  { name: 'multiclass', table: csvTable('wine'), classes: 3 },
  { name: 'categorical regression', table: makeFriedman1(500), classes: null },
  { name: 'categorical binary', table: binaryLabels(makeFriedman1(500)), classes: null },
  { name: 'categorical multiclass', table: classLabels(makeFriedman1(500)), classes: 4 },
]
const trained = kinds.map(async ({ name, table, classes }) => {
  const objective = (['multiclass', 'binary'] as const).find(word => name.endsWith(word))
  const model = boostingOptions({ objective: objective ?? 'regression', rounds: 10 })
  const { checkpoint } = await boost({ model, training: table, classes })
  return { name, table, outputs: classes ?? 1, checkpoint }
})

function matrixOf(table: Table): DMatrix {
  const matrix = DMatrix.fromDense(dense(table), table.rows, 1)
  matrix.setFeatureInfo(table.columns)
  return matrix
}

for (const [i, { name }] of kinds.entries()) {
  test(`contributions and the bias sum to the margin: ${name}`, async () => {
    const { table, outputs, checkpoint } = await trained[i]!
    using booster = Booster.deserialize(checkpoint)
    using matrix = matrixOf(table)
    const margin = booster.predict(matrix, 'margin')
    const { shape, values } = booster.predict(matrix, 'contributions')
    const width = table.columns.length + 1
    assert.deepEqual(margin.shape, [table.rows, outputs])
    assert.deepEqual(shape, [table.rows, outputs, width])
    margin.values.forEach((expected, j) => {
      const sum = values.subarray(j * width, (j + 1) * width).reduce((a, b) => a + b, 0)
      assert.ok(Math.abs(sum - expected) < 1e-4 * Math.max(1, Math.abs(expected)), `${j}: ${sum}`)
    })
  })

  test(`in-place predictions equal those of a DMatrix: ${name}`, async () => {
    const { table, outputs, checkpoint } = await trained[i]!
    using booster = Booster.load(exportBoosting(checkpoint, 'ubj'))
    using matrix = matrixOf(table)
    const expected = booster.predict(matrix)
    const inPlace = new InPlacePredictor(booster, table.rows, 2)
    inPlace.input.set(dense(table))
    for (const rows of [1, 7, table.rows, 1]) {
      assert.deepEqual(inPlace.predict(rows), expected.values.slice(0, rows * outputs))
    }
    const margin = booster.predict(matrix, 'margin').values
    assert.deepEqual(inPlace.predict(table.rows, 'margin'), margin)
    assert.throws(() => inPlace.predict(table.rows + 1), /there is room for 1 to/)
  })

  test(`a saved model predicts the same in both formats: ${name}`, async () => {
    const { table, checkpoint } = await trained[i]!
    using matrix = matrixOf(table)
    using booster = Booster.deserialize(checkpoint)
    const expected = booster.predict(matrix).values
    for (const format of ['ubj', 'json'] as const) {
      using loaded = Booster.load(exportBoosting(checkpoint, format))
      assert.deepEqual(loaded.predict(matrix).values, expected)
      assert.deepEqual(
        loaded.columnNames,
        table.columns.map(column => column.name),
      )
    }
  })
}

test('a slice of the first rounds is the model of those rounds', async () => {
  const { table, checkpoint } = await trained[3]!
  using matrix = matrixOf(table)
  using whole = Booster.deserialize(checkpoint)
  using first = whole.slice(4)
  using four = Booster.load(first.save())
  assert.equal(whole.rounds, 10)
  assert.equal(four.rounds, 4)
  assert.deepEqual(four.predict(matrix).values, whole.predict(matrix, 'value', 4).values)
  const { checkpoint: short } = await boost({
    model: boostingOptions({ rounds: 4 }),
    training: table,
  })
  assert.equal(modelHash(short), modelHash(four.serialize()))
})

test('leaf predictions have a leaf of each tree for each row', async () => {
  const { table, checkpoint } = await trained[2]!
  using booster = Booster.deserialize(checkpoint)
  using matrix = matrixOf(table)
  const { shape, values } = booster.predict(matrix, 'leaf')
  assert.deepEqual(shape, [table.rows, 10, 3, 1])
  assert.ok(values.every(Number.isInteger))
})

test('columns that the target depends on are more important than noise', async () => {
  const { checkpoint } = await trained[3]!
  using booster = Booster.deserialize(checkpoint)
  const gain = booster.importance('total_gain')
  const noise = Math.max(...['x5', 'x6', 'x7', 'x8', 'x9'].map(name => gain.get(name) ?? 0))
  for (const name of ['x0', 'x1', 'x3', 'kind']) assert.ok(gain.get(name)! > noise, name)
  const weight = booster.importance('weight')
  assert.ok([...weight.values()].every(Number.isInteger))
  assert.deepEqual([...booster.importance('cover').keys()].sort(), [...weight.keys()].sort())
})

test('attributes are saved with a model', async () => {
  const { checkpoint } = await trained[0]!
  using booster = Booster.deserialize(checkpoint)
  booster.setAttribute('job', '01J ü')
  booster.setAttribute('gone', 'x')
  booster.setAttribute('gone', null)
  using loaded = Booster.load(booster.save())
  assert.deepEqual([...loaded.attributes], [['job', '01J ü']])
})

test('the model does not depend on batch sizes, even if batches reuse memory', async () => {
  const weights = Float32Array.from({ length: 500 }, (_, i) => 1 + (i % 3))
  const hashes = new Set<string>()
  for (const batchRows of [500, 250, 7]) {
    const table = makeFriedman1(500, batchRows)
    const training: Table = {
      ...table,
      sampleWeights: weights,
      *batches() {
        for (const { rows, columns } of table.batches()) {
          const copies = columns.map(values => values.slice())
          yield { rows, columns: copies }
          for (const copy of copies) copy.fill(Number.NaN)
        }
      },
    }
    const { checkpoint } = await boost({ model: boostingOptions({ rounds: 3 }), training })
    hashes.add(modelHash(checkpoint))
  }
  assert.equal(hashes.size, 1)
})

test('an error in a batch iterator is rethrown', () => {
  const table = makeFriedman1(300)
  const broken: Table = {
    ...table,
    *batches() {
      for (const batch of table.batches()) {
        yield batch
        throw new RangeError('the disk is gone')
      }
    },
  }
  assert.throws(() => DMatrix.quantile(broken, { maxBins: 256, threads: 1 }), {
    name: 'RangeError',
    message: 'the disk is gone',
  })
})

test('a table whose batches have another number of rows is rejected', () => {
  const table = makeFriedman1(300)
  for (const rows of [299, 301]) {
    const wrong = { ...table, rows, labels: new Float32Array(rows) }
    const build = () => DMatrix.quantile(wrong, { maxBins: 256, threads: 1 })
    assert.throws(build, /rows/)
  }
})

test("XGBoost's errors keep their message, without its stack trace", async () => {
  const labels = Float32Array.from({ length: 442 }, (_, i) => (i === 7 ? 3 : i % 2))
  const training = withLabels(csvTable('diabetes'), labels)
  const model = boostingOptions({ objective: 'binary' })
  await assert.rejects(boost({ model, training }), error => {
    assert.ok(error instanceof TrainingFailure)
    assert.equal(error.code, 'xgboost_error')
    assert.match(error.message, /label must be in \(0, 1\)/)
    assert.doesNotMatch(error.message, /Stack trace|\.cc:|\n/)
    return true
  })
  assert.throws(() => Booster.load(new Uint8Array([1, 2, 3])), { code: 'xgboost_error' })
})

test('a freed matrix rejects use, and a second free does nothing', () => {
  const matrix = DMatrix.fromDense(new Float32Array(4), 2, 1)
  assert.equal(matrix.rows, 2)
  assert.equal(matrix.columns, 2)
  matrix.free()
  matrix.free()
  assert.throws(() => matrix.rows, /this DMatrix was freed before/)
})

test('ten thousand matrices and boosters do not leak memory', () => {
  // loading a model ignores the booster's nthread, and idle threads that spin make it slow
  xgboost().XGBSetGlobalConfig('{"nthread":1}')
  const table = sliceRows(makeFriedman1(100), 0, 100)
  const values = dense(table)
  using bins = DMatrix.quantile(table, { maxBins: 16, threads: 1 })
  const train = (matrix: DMatrix) => {
    const booster = Booster.create([matrix])
    booster.set({ nthread: 1, max_bin: 16, max_depth: 2 })
    booster.update(0, matrix)
    return booster
  }
  using first = train(bins)
  first.setAttribute('padding', '-'.repeat(10_000))
  const model = first.save()
  const createAndFree = (rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      using matrix = DMatrix.fromDense(values, 100, 1)
      using loaded = Booster.load(model)
      assert.equal(matrix.columns, loaded.columns)
      if (i % 5 > 0) continue
      using quantile = DMatrix.quantile(table, { maxBins: 16, threads: 1 })
      using trained = train(quantile)
      assert.equal(trained.rounds, 1)
    }
  }
  createAndFree(500)
  const before = process.memoryUsage.rss()
  createAndFree(10_000)
  const growth = (process.memoryUsage.rss() - before) / 2 ** 20
  // a leak of one of the four kinds would be 50 to 200 MiB
  assert.ok(growth < 25, `${growth.toFixed(1)} MiB more`)
})
