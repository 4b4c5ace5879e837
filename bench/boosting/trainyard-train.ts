import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DMatrix } from '../../src/boosting/matrix.js'
import { exportBoosting, trainBoosting } from '../../src/boosting/train.js'
import type { Table } from '../../src/boosting/training-table.js'
import { openTableReader } from '../../src/datasets/tables/table-reader.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import type { TableManifest } from '../../src/spec/dataset.js'
import type { TaskRequest } from './cases.js'
import type { PreparedTask } from './prepared-task.js'
import { columnNames, target } from './synthetic.js'

/** Loads a data set's files into the matrix that XGBoost trains on. */
export function load({ table, threads }: TaskRequest): PreparedTask {
  const { maxBins } = modelOf(1)
  return { step: () => DMatrix.quantile(storedTable(table), { maxBins, threads }).free() }
}

/** Trains from a data set's files to a checkpoint. */
export function train(request: TaskRequest): PreparedTask {
  const { table, trees, threads, device = 'cpu', model: path } = request
  let checkpoint = new Uint8Array()
  return {
    async step() {
      await trainBoosting(
        {
          model: modelOf(trees),
          classes: null,
          labels: [],
          exportBest: false,
          seed: 1,
          device,
          threads,
          training: storedTable(table),
          validation: null,
          earlyStopping: null,
          // peers log no metrics during training; the last round is always logged
          logEvery: trees,
          checkpointInterval: { steps: trees, seconds: null },
          resume: null,
        },
        {
          phase: () => {},
          row: async () => {},
          checkpoint: async (_, bytes) => {
            checkpoint = new Uint8Array(bytes)
          },
          shouldContinue: async () => true,
        },
      )
    },
    model() {
      const model = exportBoosting(checkpoint, 'ubj')
      writeFileSync(path, model)
      return model
    },
  }
}

const modelOf = (rounds: number) =>
  resolveBoostingOptions({ kind: 'boosting', rounds, maxDepth: 6, learningRate: 0.1 }, 'binary')

function storedTable(path: string): Table {
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as TableManifest
  const files = manifest.shards.map(({ name }) => join(path, name))
  const reader = openTableReader(files, manifest)
  return {
    rows: reader.rows,
    columns: columnNames.map(name => ({ name, categories: null })),
    labels: reader.column(target),
    sampleWeights: null,
    groups: null,
    batches: () => reader.batches(columnNames),
  }
}
