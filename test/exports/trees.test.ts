import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { exportBoosting } from '../../src/boosting/train.js'
import type { Table } from '../../src/boosting/training-table.js'
import { TreePredictor } from '../../src/boosting/tree-predictor.js'
import { treesOnnx } from '../../src/exports/tree-formats.js'
import { type BoostingObjective, boostingObjectives } from '../../src/spec/boosting-options.js'
import type { BoostingManifest } from '../../src/spec/model.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { processFolder } from '../../testing/temp-folder.js'
import { boost, boostingOptions } from '../boosting/boost.js'
import { dense, makeFriedman1, withLabels } from '../boosting/tables.js'

const rows = 400
/** Missing values, and a column of seven categories. */
const friedman = makeFriedman1(rows)

const run = `
import json, sys, numpy, onnx, onnxruntime
path, table, width, offsets = sys.argv[1:]
onnx.checker.check_model(onnx.load(path), full_check=True)
session = onnxruntime.InferenceSession(path)
feeds = {'rows': numpy.fromfile(table, '<f4').reshape(-1, int(width))}
if offsets:
    feeds['offset'] = numpy.fromfile(offsets, '<f4').reshape(-1, 1)
results = session.run(None, feeds)
print(json.dumps([{o.name: r.tolist() for o, r in zip(session.get_outputs(), results)}, session.get_modelmeta().custom_metadata_map]))
`

/** The output of each objective, and how many numbers of a row it has. */
const outputs: Record<BoostingObjective, [name: string, count: number]> = {
  regression: ['value', 1],
  absoluteError: ['value', 1],
  huber: ['value', 1],
  poisson: ['value', 1],
  gamma: ['value', 1],
  tweedie: ['value', 1],
  quantile: ['values', 3],
  ranking: ['score', 1],
  binary: ['probabilities', 2],
  multiclass: ['probabilities', 3],
}

for (const objective of boostingObjectives) {
  test(
    `trees of objective ${objective} predict the same in onnxruntime`,
    needsDataWitnesses,
    async () => {
      const training = tableFor(objective)
      const { expected, onnx, metadata } = await predictBoth(objective, training)
      const [name, count] = outputs[objective]
      assert.deepEqual(Object.keys(onnx).sort(), ['margins', name].sort())
      const actual = onnx[name]!.flat()
      assert.equal(actual.length, rows * count)
      const values =
        objective === 'binary' ? Array.from(expected).flatMap(p => [1 - p, p]) : [...expected]
      const scale = Math.max(...values.map(Math.abs))
      for (const [i, value] of values.entries()) {
        const difference = Math.abs(actual[i]! - value) / scale
        assert.ok(difference < 1e-5, `number ${i} is ${actual[i]}, expected ${value}`)
      }
      const columns = JSON.parse(metadata.columns!)
      assert.deepEqual(columns.at(-1), training.columns.at(-1))
      assert.deepEqual(columns[0], { name: 'x0' })
    },
  )
}

test('an offset is added to the margin of each row', needsDataWitnesses, async () => {
  const offsets = Float32Array.from({ length: rows }, (_, i) => (i % 5) / 10)
  const training = { ...tableFor('poisson'), offsets }
  const { expected, onnx } = await predictBoth('poisson', training, offsets)
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(onnx.value!.flat()[i]! - value) / value < 1e-5, `row ${i}`)
  }
})

function tableFor(objective: BoostingObjective): Table {
  if (objective === 'ranking') {
    const groups = Uint32Array.from({ length: rows }, (_, i) => Math.floor(i / 20))
    const relevance = Float32Array.from({ length: rows }, (_, i) => i % 4)
    return { ...withLabels(friedman, relevance), groups }
  }
  const classes = { binary: 2, multiclass: 3 }[objective as string]
  if (!classes) return friedman
  return withLabels(
    friedman,
    friedman.labels.map(label => Math.floor(label) % classes),
  )
}

async function predictBoth(
  objective: BoostingObjective,
  training: Table,
  offsets?: Float32Array,
): Promise<{
  expected: Float32Array
  onnx: Record<string, number[][]>
  metadata: Record<string, string>
}> {
  const quantile = objective === 'quantile' ? { quantile: [0.1, 0.5, 0.9] } : {}
  const model = boostingOptions({ objective, rounds: 12, maxDepth: 4, ...quantile })
  const classes = objective === 'multiclass' ? 3 : null
  const { checkpoint } = await boost({ model, training, classes })
  const folder = processFolder()
  for (const format of ['ubj', 'json'] as const) {
    await writeFile(join(folder, `model.${format}`), exportBoosting(checkpoint, format))
  }
  const manifest = {
    name: 'trees',
    version: 1,
    model,
    labels: [],
    target: 'y',
    input: { columns: training.columns, ...(offsets && { offset: 'exposure' }) },
  } as unknown as BoostingManifest
  const path = join(folder, 'model.onnx')
  await writeFile(path, await buffer(treesOnnx(folder, manifest)))
  const values = dense(training)
  await writeFile(join(folder, 'rows'), new Uint8Array(values.buffer))
  if (offsets) await writeFile(join(folder, 'offsets'), new Uint8Array(offsets.buffer))

  using predictor = new TreePredictor(
    Booster.load(exportBoosting(checkpoint, 'ubj')),
    training.columns,
    objective,
    1,
  )
  const predicted = predictor.predict({
    rows: values,
    count: training.rows,
    explain: false,
    ...(offsets && { offsets }),
  })
  const width = String(training.columns.length)
  const output = await runPython(
    run,
    ...[path, join(folder, 'rows'), width],
    offsets ? join(folder, 'offsets') : '',
  )
  const [onnx, metadata] = JSON.parse(output)
  return { expected: predicted.values, onnx, metadata }
}
