import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findContradictions } from '../../src/spec/boosting-contradictions.js'
import {
  BoostingOptions,
  type ResolvedBoostingOptions,
  resolveBoostingOptions,
} from '../../src/spec/boosting-options.js'
import { boost, boostingOptions, modelHash } from './boost.js'
import { makeFriedman1, sliceRows, withLabels } from './tables.js'

const training = sliceRows(makeFriedman1(400), 0, 400)

/** For each option, a value that is not its default. */
const nonDefaults: {
  [option in keyof Omit<ResolvedBoostingOptions, 'kind'>]: Partial<ResolvedBoostingOptions>
} = {
  objective: { objective: 'poisson' },
  rounds: { rounds: 5 },
  maxDepth: { maxDepth: 3 },
  learningRate: { learningRate: 0.1 },
  subsample: { subsample: 0.5 },
  columnSample: { columnSample: 0.5 },
  minChildWeight: { minChildWeight: 20 },
  lambda: { lambda: 10 },
  alpha: { alpha: 10 },
  gamma: { gamma: 50 },
  maxBins: { maxBins: 4 },
  treeMethod: { treeMethod: 'approx', maxBins: 16, objective: 'poisson' },
  quantile: { objective: 'quantile', quantile: [0.9] },
  huberSlope: { objective: 'huber', huberSlope: 3 },
  tweedieVariancePower: { objective: 'tweedie', tweedieVariancePower: 1.2 },
  baseScore: { baseScore: 3 },
  scalePosWeight: { objective: 'binary', scalePosWeight: 3 },
  monotone: { monotone: { x3: -1 } },
  categorical: {},
}

const classTraining = withLabels(
  training,
  training.labels.map(value => Number(value > 14)),
)

const modelOf = async (changed: Partial<ResolvedBoostingOptions>) => {
  const { checkpoint } = await boost({
    model: { ...boostingOptions({ rounds: 4 }), ...changed },
    training: changed.objective === 'binary' ? classTraining : training,
  })
  return modelHash(checkpoint)
}

test('every option reaches XGBoost', async () => {
  const options = Object.keys(BoostingOptions.properties).filter(name => name !== 'kind')
  assert.deepEqual(Object.keys(nonDefaults).sort(), options.sort())
  const standard = await modelOf({})
  const before: Partial<Record<string, string>> = {
    treeMethod: await modelOf({ maxBins: 16, objective: 'poisson' }),
    quantile: await modelOf({ objective: 'quantile', quantile: [0.1] }),
    huberSlope: await modelOf({ objective: 'huber', huberSlope: 1 }),
    tweedieVariancePower: await modelOf({ objective: 'tweedie', tweedieVariancePower: 1.5 }),
    scalePosWeight: await modelOf({ objective: 'binary' }),
  }
  for (const [option, changed] of Object.entries(nonDefaults)) {
    // the table's columns define which are categorical
    if (option === 'categorical') continue
    assert.notEqual(await modelOf(changed), before[option] ?? standard, option)
  }
})

test('a single quantile becomes a list', () => {
  assert.deepEqual(
    resolveBoostingOptions({ kind: 'boosting', quantile: 0.5 }, 'quantile').quantile,
    [0.5],
  )
})

test('contradictions name their field', () => {
  const columns = [
    { name: 'age', categories: null },
    { name: 'town', categories: 5 },
  ]
  const found = (options: Omit<BoostingOptions, 'kind'>) =>
    findContradictions({ kind: 'boosting', ...options }, columns).map(
      ({ field, code }) => `${field} ${code}`,
    )
  assert.deepEqual(found({}), [])
  assert.deepEqual(found({ monotone: { age: 1 }, categorical: ['town'] }), [])
  assert.deepEqual(found({ objective: 'quantile', quantile: 0.5 }), [])
  assert.deepEqual(found({ treeMethod: 'exact', maxBins: 16, maxDepth: 0 }), [
    'treeMethod contradiction',
    'maxBins contradiction',
    'maxDepth contradiction',
  ])
  assert.deepEqual(found({ quantile: 0.5 }), ['quantile contradiction'])
  assert.deepEqual(found({ objective: 'quantile' }), ['quantile required'])
  assert.deepEqual(found({ objective: 'quantile', quantile: [0.1, 0.5, 0.9] }), [])
  for (const quantile of [
    [0.9, 0.1],
    [0.1, 0.9, 0.5],
  ])
    assert.deepEqual(found({ objective: 'quantile', quantile }), ['quantile not_sorted'])
  for (const quantile of [1e-50, [0.5, 1 - 1e-12]])
    assert.deepEqual(found({ objective: 'quantile', quantile }), ['quantile out_of_range'])
  assert.deepEqual(found({ monotone: { town: 1 } }), ['monotone contradiction'])
  assert.deepEqual(
    found({ monotone: Object.fromEntries([['constructor', 1 as const]]), categorical: ['size'] }),
    ['categorical unknown_column', 'monotone unknown_column'],
  )
})

test('XGBoost also rejects categorical columns with the exact method', async () => {
  await assert.rejects(modelOf({ treeMethod: 'exact' }), /categorical/)
})
