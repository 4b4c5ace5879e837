import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { TrainyardError } from '../../src/errors.js'
import { objectiveMetrics, objectiveValidationMetrics } from '../../src/spec/boosting-metrics.js'
import { type BoostingObjective, boostingObjectives } from '../../src/spec/boosting-options.js'
import { boost, boosting, modelHash } from './boost.js'
import { csvTable, friedman, labelled, rowsOf } from './tables.js'

const all = friedman(600)
const [training, validation] = [rowsOf(all, 0, 400), rowsOf(all, 400, 600)]

const labels: Partial<Record<BoostingObjective, (value: number) => number>> = {
  binary: value => (value > 15 ? 1 : 0),
  multiclass: value => Math.min(3, Math.floor(value / 8)),
  ranking: value => Math.min(4, Math.floor(value / 6)),
}

for (const objective of boostingObjectives) {
  test(`${objective}: every metric has a value in each round, and the first gets better`, async () => {
    const relabelled = [training, validation].map(table => {
      const label = labels[objective]
      const groups = Uint32Array.from({ length: table.rows }, (_, i) => Math.floor(i / 20))
      return {
        ...(label ? labelled(table, table.labels.map(label)) : table),
        ...(objective === 'ranking' && { groups, weights: table.labels.map(() => 1) }),
      }
    })
    const model = boosting({
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
    using booster = Booster.unserialise(checkpoint)
    assert.equal(booster.rounds, 12)
  })
}

test('real tables are learned', async () => {
  const digits = csvTable('digits')
  const { rows } = await boost({
    model: boosting({ objective: 'multiclass', rounds: 25, maxDepth: 4 }),
    classes: 10,
    training: rowsOf(digits, 0, 1500),
    validation: rowsOf(digits, 1500, 1797),
  })
  assert.ok(rows.at(-1)!.values.validationMerror! < 0.12)
})

test('boosting ends where validation gets no better, and says where it was best', async () => {
  const earlyStopping = { metric: 'validationRmse', patience: 4, minDelta: 0 }
  const model = boosting({ rounds: 500, learningRate: 1 })
  const run = await boost({ model, training, validation, earlyStopping })
  const values = run.rows.map(row => row.values.validationRmse!)
  assert.equal(run.best, 1 + values.indexOf(Math.min(...values)))
  assert.deepEqual([run.finished, run.stoppedEarly], [true, true])
  assert.equal(run.rounds, run.best + 4)
  assert.deepEqual(run.checkpoints, [{ round: run.rounds, best: false }])
})

test('a metric that should rise is judged by that', async () => {
  const label = (table: typeof all) => labelled(table, table.labels.map(labels.binary!))
  const earlyStopping = { metric: 'validationAuc', patience: 3, minDelta: 0 }
  const model = boosting({ objective: 'binary', rounds: 300, learningRate: 1 })
  const tables = { training: label(training), validation: label(validation) }
  const { best, rows } = await boost({ model, ...tables, earlyStopping })
  const values = rows.map(row => row.values.validationAuc!)
  assert.equal(best, 1 + values.indexOf(Math.max(...values)))
})

test('rows and checkpoints come as often as asked, and at the end', async () => {
  const model = boosting({ rounds: 11 })
  const every = { displayEvery: 5, snapshots: { every: 4, seconds: null } }
  const run = await boost({ model, training, ...every })
  assert.deepEqual(
    run.rows.map(row => row.step),
    [5, 10, 11],
  )
  assert.deepEqual(
    run.checkpoints.map(({ round }) => round),
    [4, 8, 11],
  )
  const often = await boost({ model, training, snapshots: { every: null, seconds: 0 } })
  assert.equal(often.checkpoints.length, 11)
  assert.equal(modelHash(often.checkpoint), modelHash(run.checkpoint))
  assert.deepEqual(run.phases.slice(0, 4), ['preparing 0', 'training 0', 'saving 4', 'training 4'])
})

test('a stop leaves a checkpoint of the round where it stopped', async () => {
  const run = await boost({ model: boosting({ rounds: 9 }), training }, { stopAfter: 3 })
  assert.deepEqual([run.finished, run.rounds], [false, 3])
  assert.deepEqual(run.checkpoints, [{ round: 3, best: false }])
})

test('a target too large for single precision is a nan_loss', async () => {
  const huge = labelled(
    training,
    training.labels.map((_, i) => (i % 2 ? 3e38 : -3e38)),
  )
  await assert.rejects(
    boost({ model: boosting({ rounds: 2 }), training: huge }),
    error => error instanceof TrainyardError && error.code === 'nan_loss',
  )
})
