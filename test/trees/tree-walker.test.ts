import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { exportBoosting } from '../../src/boosting/train.js'
import type { ResolvedBoostingOptions } from '../../src/spec/boosting-options.js'
import { flattenTrees } from '../../src/trees/flat-trees.js'
import { TreeWalker } from '../../src/trees/tree-walker.js'
import { parseUbjson } from '../../src/trees/ubjson.js'
import { readXgboostModel, UnsupportedModel } from '../../src/trees/xgboost-model.js'
import { mulberry32 } from '../../testing/random.js'
import { boost, boostingOptions } from '../boosting/boost.js'
import { dense, makeFriedman1, withLabels } from '../boosting/tables.js'
import { objectives, randomModel, randomRows } from './random-model.js'

const open = (ubjson: Uint8Array): TreeWalker =>
  new TreeWalker(finish(flattenTrees(readXgboostModel(finish(parseUbjson(ubjson))))))

function finish<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Compares all bits of predictions and margins with those of XGBoost, for rows at once and one by one. */
function assertEqualBits(ubjson: Uint8Array, rows: Float32Array, count: number, name: string) {
  const walker = open(ubjson)
  using booster = Booster.load(ubjson)
  const columns = rows.length / count
  const predictor = new InPlacePredictor(booster, count, 1)
  predictor.input.set(rows)
  for (const [kind, found] of [
    ['value', walker.values(rows, count)],
    ['margin', walker.margins(rows, count)],
  ] as const) {
    const expected = predictor.predict(count, kind)
    assert.deepEqual(bitsOf(found), bitsOf(expected), `${name}: ${kind}s of all rows`)
    const { outputs } = walker.trees
    for (let row = 0; row < Math.min(count, 20); row++) {
      const one = rows.subarray(row * columns, (row + 1) * columns)
      const alone = kind === 'value' ? walker.values(one, 1) : walker.margins(one, 1)
      const inBatch = found.subarray(row * outputs, (row + 1) * outputs)
      assert.deepEqual(bitsOf(alone), bitsOf(inBatch), `${name}: ${kind} of row ${row}`)
    }
  }
}

const bitsOf = (values: Float32Array) =>
  new Int32Array(values.buffer, values.byteOffset, values.length).slice()

for (const [index, objective] of Object.keys(objectives).entries()) {
  test(`trees of any shape predict the bits that XGBoost predicts: ${objective}`, () => {
    const uniform = mulberry32(100 + index)
    for (let i = 0; i < 40; i++) {
      // from margins near zero to those where exponentials overflow
      const model = randomModel(objective, uniform, 10 ** (4 * uniform() - 2))
      const count = 1 + Math.floor(uniform() * 200)
      const rows = randomRows(model, count, uniform)
      assertEqualBits(model.ubjson, rows, count, `model ${i}`)
    }
  })
}

const friedman = makeFriedman1(600)
const classes = 4
const trained: [string, Parameters<typeof boostingOptions>[0], Partial<{ classes: number }>?][] = [
  ['regression', {}],
  ['exact', { treeMethod: 'exact' }],
  ['deep and pruned', { treeMethod: 'exact', maxDepth: 20, gamma: 1 }],
  ['no limit of depth', { maxDepth: 0 }],
  ['base score', { baseScore: -3.7 }],
  ['absoluteError', { objective: 'absoluteError' }],
  ['huber', { objective: 'huber', huberSlope: 2 }],
  ['quantile', { objective: 'quantile', quantile: [0.1, 0.2, 0.5, 0.9] }],
  ['one quantile', { objective: 'quantile', quantile: [0.3] }],
  ['poisson', { objective: 'poisson' }],
  ['gamma', { objective: 'gamma' }],
  ['tweedie', { objective: 'tweedie' }],
  ['binary', { objective: 'binary' }],
  ['binary with a base score', { objective: 'binary', baseScore: 0.9 }],
  ['multiclass', { objective: 'multiclass' }, { classes }],
  ['ranking', { objective: 'ranking' }],
]

const labelsOf: Partial<Record<ResolvedBoostingOptions['objective'], (label: number) => number>> = {
  binary: label => Number(label > 16),
  multiclass: label => Math.min(classes - 1, Math.floor(Math.max(0, label) / 7)),
  ranking: label => Math.min(classes, Math.floor(Math.max(0, label) / 7)),
  poisson: label => Math.max(0, Math.round(label)),
  gamma: label => Math.max(0.1, label),
  tweedie: label => Math.max(0, label - 10),
}

for (const [name, options, input] of trained) {
  test(`a trained model predicts the bits that XGBoost predicts: ${name}`, async () => {
    const isExact = options?.treeMethod === 'exact'
    const columns = friedman.columns.map(column =>
      isExact ? { ...column, categories: null } : column,
    )
    const model = boostingOptions({ rounds: 30, ...options })
    const labels = friedman.labels.map(labelsOf[model.objective] ?? (label => label))
    const groups =
      model.objective === 'ranking' ? Uint32Array.from(labels, (_, row) => row / 10) : null
    const training = { ...withLabels(friedman, labels), columns, groups }
    const { checkpoint } = await boost({ model, training, ...input })
    assertEqualBits(exportBoosting(checkpoint, 'ubj'), dense(friedman), friedman.rows, name)
  })
}

function train(parameters: Record<string, string | number>, rounds: number): Uint8Array {
  using matrix = DMatrix.fromTable(
    withLabels(
      friedman,
      friedman.labels.map(label => Number(label > 16)),
    ),
    1,
  )
  using booster = Booster.create([matrix])
  booster.set(parameters)
  for (let round = 0; round < rounds; round++) booster.update(round, matrix)
  return booster.save('ubj')
}

test('trees that count in part, as DART weights them, predict the bits that XGBoost predicts', () => {
  const ubjson = train({ booster: 'dart', rate_drop: 0.5, objective: 'binary:logistic' }, 20)
  assertEqualBits(ubjson, dense(friedman), friedman.rows, 'dart')
})

test('a model that only XGBoost predicts with is refused by what it is', () => {
  const hinge = train({ objective: 'binary:hinge' }, 1)
  assert.throws(() => open(hinge), new UnsupportedModel('the objective is binary:hinge'))
  const vectors = train({ multi_strategy: 'multi_output_tree', ...multiclass }, 1)
  assert.throws(() => open(vectors), new UnsupportedModel('a leaf has several values'))
})

const multiclass = { objective: 'multi:softprob', num_class: 2 }

test('bytes that are no model are refused, wherever they end or change', () => {
  const uniform = mulberry32(7)
  const { ubjson, columns } = randomModel('reg:squarederror', uniform, 1)
  const row = new Float32Array(columns)
  for (let end = 0; end < ubjson.length; end += 1 + Math.floor(uniform() * 50))
    assert.throws(() => open(ubjson.subarray(0, end)), Error, `the first ${end} bytes`)
  for (let i = 0; i < 2000; i++) {
    const damaged = Uint8Array.from(ubjson)
    damaged[Math.floor(uniform() * damaged.length)]! ^= 1 << Math.floor(uniform() * 8)
    try {
      // it ends: a walk from a child to its parent would not
      open(damaged).values(row.subarray(0, open(damaged).trees.columns), 1)
    } catch (error) {
      assert.ok(error instanceof Error)
    }
  }
})
