import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportBoosting } from '../../src/boosting/train.js'
import { openRowPredictor } from '../../src/serving/predictor-client.js'
import { SmallBatches } from '../../src/serving/small-batches.js'
import { TreeCache } from '../../src/serving/tree-cache.js'
import type { BoostingObjective } from '../../src/spec/boosting-options.js'
import type { RowsInput } from '../../src/spec/ipc-messages.js'
import { eventually } from '../../testing/eventually.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { boost, boostingOptions } from '../boosting/boost.js'
import { dense, makeFriedman1, withLabels } from '../boosting/tables.js'

const script = fileURLToPath(new URL('../../workers/row-predictor.js', import.meta.url))
const log = { debug() {}, info() {}, warn() {} }

const table = makeFriedman1(300)
const rows = dense(table)
const width = table.columns.length

/** Asks the process of XGBoost and the walker, and compares all bits. */
async function assertSameAnswers(
  objective: BoostingObjective,
  labels: Float32Array,
  offsets?: Float32Array,
) {
  await withTempFolder(async folder => {
    const model = boostingOptions({ objective, rounds: 20 })
    const training = { ...withLabels(table, labels), ...(offsets && { offsets }) }
    const { checkpoint } = await boost({ model, training })
    await writeFile(join(folder, 'model.ubj'), exportBoosting(checkpoint, 'ubj'))
    const manifest = { input: { columns: table.columns }, model }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
    const xgboost = openRowPredictor({ script, env: process.env, log })
    const small = new SmallBatches(xgboost, new TreeCache())
    try {
      const one: RowsInput = {
        rows: rows.subarray(0, width),
        count: 1,
        explain: false,
        ...(offsets && { offsets: offsets.subarray(0, 1) }),
      }
      assert.equal(small.predictNow(folder, one), null, 'the trees are not in memory yet')
      const here = await small.predict(folder, one)
      assert.deepEqual(small.predictNow(folder, one), here)
      assert.equal(small.predictNow(folder, { ...one, explain: true }), null)
      assert.equal(xgboost.ready(), false, 'a small batch needs no other process')
      const all: RowsInput = {
        rows,
        count: table.rows,
        explain: false,
        ...(offsets && { offsets }),
      }
      const batch = await small.predict(folder, all)
      // the process starts with the first request
      await eventually('an answer of XGBoost', () =>
        xgboost.predict(folder, one).then(
          () => true,
          () => null,
        ),
      )
      assert.deepEqual(here, await xgboost.predict(folder, one))
      assert.deepEqual(batch, await xgboost.predict(folder, all))
      const explained = await small.predict(folder, { ...all, explain: true })
      assert.deepEqual(explained.values, batch.values)
      assert.ok(explained.explanations)
    } finally {
      await small.close()
    }
  })
}

const { labels } = table

test('both processes predict the same values', () => assertSameAnswers('regression', labels))

test('both processes predict the same probabilities with offsets', () =>
  assertSameAnswers(
    'binary',
    labels.map(label => Number(label > 15)),
    labels.map((_, row) => (row % 7) / 10 - 0.3),
  ))

test('both processes predict the same counts with offsets', () =>
  assertSameAnswers(
    'poisson',
    labels.map(label => Math.max(0, Math.round(label))),
    labels.map((_, row) => Math.log(1 + (row % 5))),
  ))
