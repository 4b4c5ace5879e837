import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { TrainingFailure } from '../../src/errors.js'
import { objectiveMetrics, objectiveValidationMetrics } from '../../src/spec/boosting-metrics.js'
import { type BoostingObjective, boostingObjectives } from '../../src/spec/boosting-options.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import { boost, boostingOptions, modelHash } from './boost.js'
import { csvTable, makeFriedman1, sliceRows, withLabels } from './tables.js'

const all = makeFriedman1(600)
const [training, validation] = [sliceRows(all, 0, 400), sliceRows(all, 400, 600)]

const labels: Partial<Record<BoostingObjective, (value: number) => number>> = {
  binary: value => (value > 15 ? 1 : 0),
  multiclass: value => Math.min(3, Math.floor(value / 8)),
  ranking: value => Math.min(4, Math.floor(value / 6)),
}

for (const objective of boostingObjectives) {
  test(`${objective}: each round has all metrics, and the first one improves`, async () => {
    const relabelled = [training, validation].map(table => {
      const label = labels[objective]
      const groups = Uint32Array.from({ length: table.rows }, (_, i) => Math.floor(i / 20))
      return {
        ...(label ? withLabels(table, table.labels.map(label)) : table),
        ...(objective === 'ranking' && { groups, sampleWeights: table.labels.map(() => 1) }),
      }
    })
    const model = boostingOptions({
      objective,
      rounds: 12,
      ...(objective === 'quantile' && { quantile: [0.1, 0.5, 0.9] }),
    })
    const { rows, rounds, checkpoint } = await boost({
      model,
      classes: objective === 'multiclass' ? 4 : null,
      training: relabelled[0]!,
      validation: relabelled[1]!,
    })
    const metrics = objectiveMetrics[objective]
    const names = [...metrics, ...objectiveValidationMetrics(objective), 'examplesPerSecond']
    for (const row of rows) assert.deepEqual(Object.keys(row.values).sort(), [...names].sort())
    assert.deepEqual(
      rows.map(row => row.step),
      Array.from({ length: 12 }, (_, i) => i + 1),
    )
    const [before, after] = [rows[0]!, rows.at(-1)!].map(row => row.values[metrics[0]]!)
    assert.ok(objective === 'ranking' ? after! > before! : after! < before!, `${before} → ${after}`)
    assert.equal(rounds, 12)
    using booster = Booster.deserialize(checkpoint)
    assert.equal(booster.rounds, 12)
  })
}

test('boosting learns the digits dataset', async () => {
  const digits = csvTable('digits')
  const { rows } = await boost({
    model: boostingOptions({ objective: 'multiclass', rounds: 25, maxDepth: 4 }),
    classes: 10,
    training: sliceRows(digits, 0, 1500),
    validation: sliceRows(digits, 1500, 1797),
  })
  assert.ok(rows.at(-1)!.values.validationMerror! < 0.12)
})

test('early stopping ends boosting and reports the best round', async () => {
  const earlyStopping = { metric: 'validationRmse', patience: 4, minDelta: 0 }
  const model = boostingOptions({ rounds: 500, learningRate: 1 })
  const run = await boost({ model, training, validation, earlyStopping })
  const values = run.rows.map(row => row.values.validationRmse!)
  assert.equal(run.bestRound, 1 + values.indexOf(Math.min(...values)))
  assert.deepEqual([run.finished, run.stoppedEarly], [true, true])
  assert.equal(run.rounds, run.bestRound + 4)
  assert.deepEqual(run.checkpoints, [{ round: run.rounds, best: false }])
})

test('early stopping maximizes metrics such as AUC', async () => {
  const label = (table: typeof all) => withLabels(table, table.labels.map(labels.binary!))
  const earlyStopping = { metric: 'validationAuc', patience: 3, minDelta: 0 }
  const model = boostingOptions({ objective: 'binary', rounds: 300, learningRate: 1 })
  const tables = { training: label(training), validation: label(validation) }
  const { bestRound, rows } = await boost({ model, ...tables, earlyStopping })
  const values = rows.map(row => row.values.validationAuc!)
  assert.equal(bestRound, 1 + values.indexOf(Math.max(...values)))
})

test('the published round is evaluated by class, and agrees with its metrics', async () => {
  const tables = (objective: 'binary' | 'multiclass') => ({
    training: withLabels(training, training.labels.map(labels[objective]!)),
    validation: withLabels(validation, validation.labels.map(labels[objective]!)),
  })
  const earlyStopping = { metric: 'validationError', patience: 5, minDelta: 0 }
  for (const treeMethod of ['hist', 'approx'] as const) {
    for (const exportBest of [true, false]) {
      const model = boostingOptions({
        objective: 'binary',
        rounds: 100,
        learningRate: 1,
        treeMethod,
      })
      const run = await boost({
        model,
        ...tables('binary'),
        labels: ['low', 'high'],
        earlyStopping,
        exportBest,
      })
      const { values } = run.rows.find(
        ({ step }) => step === (exportBest ? run.bestRound : run.rounds),
      )!
      const { accuracy, roc, records, confusionMatrix } = run.evaluation!
      assert.ok(Math.abs(1 - accuracy - values.validationError!) < 1e-6)
      assert.ok(Math.abs(roc!.auc - values.validationAuc!) < 1e-6)
      assert.equal(records, 200)
      assert.equal(
        confusionMatrix!.flat().reduce((sum, n) => sum + n),
        200,
      )
    }
  }
  const { evaluation, rows } = await boost({
    model: boostingOptions({ objective: 'multiclass', rounds: 3 }),
    classes: 4,
    ...tables('multiclass'),
    labels: ['a', 'b', 'c', 'd'],
  })
  assert.ok(Math.abs(1 - evaluation!.accuracy - rows.at(-1)!.values.validationMerror!) < 1e-6)
  assert.deepEqual(
    evaluation!.perClass.map(({ label }) => label),
    ['a', 'b', 'c', 'd'],
  )
  assert.equal(evaluation!.roc, undefined)
})

test('a run without classes, without validation rows or without an end has no evaluation', async () => {
  const model = boostingOptions({ objective: 'binary', rounds: 2 })
  const binary = withLabels(training, training.labels.map(labels.binary!))
  const classes = ['low', 'high']
  const evaluationOf = async (...args: Parameters<typeof boost>) =>
    (await boost(...args)).evaluation
  assert.equal(
    await evaluationOf({ model: boostingOptions({ rounds: 1 }), training, validation }),
    null,
  )
  assert.equal(await evaluationOf({ model, training: binary, labels: classes }), null)
  assert.equal(
    await evaluationOf(
      { model, training: binary, validation: binary, labels: classes },
      { stopAfter: 1 },
    ),
    null,
  )
})

test('metric rows and checkpoints come at their intervals and at the end', async () => {
  const model = boostingOptions({ rounds: 11 })
  const intervals = { logEvery: 5, checkpointInterval: { steps: 4, seconds: null } }
  const run = await boost({ model, training, ...intervals })
  assert.deepEqual(
    run.rows.map(row => row.step),
    [5, 10, 11],
  )
  assert.deepEqual(
    run.checkpoints.map(({ round }) => round),
    [4, 8, 11],
  )
  const often = await boost({ model, training, checkpointInterval: { steps: null, seconds: 0 } })
  assert.equal(often.checkpoints.length, 11)
  assert.equal(modelHash(often.checkpoint), modelHash(run.checkpoint))
  assert.deepEqual(run.phases.slice(0, 4), ['preparing 0', 'training 0', 'saving 4', 'training 4'])
})

test('a stopped run has a checkpoint of its last round', async () => {
  const run = await boost({ model: boostingOptions({ rounds: 9 }), training }, { stopAfter: 3 })
  assert.deepEqual([run.finished, run.rounds], [false, 3])
  assert.deepEqual(run.checkpoints, [{ round: 3, best: false }])
})

test('a target that overflows float32 fails with nan_loss, after a row of the round', async () => {
  const huge = withLabels(
    training,
    training.labels.map((_, i) => (i % 2 ? 3e38 : -3e38)),
  )
  const rows: MetricRow[] = []
  await assert.rejects(
    boost(
      { model: boostingOptions({ rounds: 2 }), training: huge },
      { row: async row => void rows.push(row) },
    ),
    error => error instanceof TrainingFailure && error.code === 'nan_loss',
  )
  assert.deepEqual(
    rows.map(({ step, values }) => [step, Number.isFinite(values.rmse)]),
    [[1, false]],
  )
})

test('an AUC that is NaN in every round has no best round and does not stop the job', async () => {
  const label = (table: typeof all, value?: number) =>
    withLabels(table, table.labels.map(value === undefined ? labels.binary! : () => value))
  const earlyStopping = { metric: 'validationAuc', patience: 2, minDelta: 0 }
  const model = boostingOptions({ objective: 'binary', rounds: 6 })
  const tables = { training: label(training), validation: label(validation, 1) }
  for (const resumed of [false, true]) {
    const first = await boost({ model, ...tables, earlyStopping }, resumed ? { stopAfter: 3 } : {})
    const run = resumed
      ? await boost({
          model,
          ...tables,
          earlyStopping,
          resume: first.checkpoint,
          history: first.rows,
        })
      : first
    assert.deepEqual([run.finished, run.rounds, run.bestRound], [true, 6, null])
    assert.ok(run.rows.every(({ values }) => !('validationAuc' in values)))
    assert.ok([...first.checkpoints, ...run.checkpoints].every(({ best }) => !best))
  }
})
