import { Booster } from '../../src/boosting/booster.js'
import type { Table } from '../../src/boosting/training-table.js'
import { TreePredictor } from '../../src/boosting/tree-predictor.js'
import type { BoostingManifest } from '../../src/spec/model.js'
import { referencePart } from '../../src/watching/bins.js'
import { inputColumns } from '../../src/watching/scores.js'
import type { Tables } from './boosting-tables.js'
import { sampleFraction } from './sample-rows.js'
import { writeReference } from './write-reference.js'

/** Rows that are counted. With ten bins, chance alone makes a PSI of 0.0005 of so many. */
const maxRows = 20_000
/** Numbers that are held in memory for it. */
const maxValues = 20e6

/** Writes the histograms of a sample of the training rows, and of the answers to validation rows if there are some. */
export async function writeBoostingReference(
  folder: string,
  manifest: Omit<BoostingManifest, 'version'>,
  model: Uint8Array,
  { training, validation }: Pick<Tables, 'training' | 'validation'>,
  { seed, threads }: { seed: number; threads: number },
): Promise<void> {
  const { columns, width } = inputColumns(manifest)
  const sample = sampleTable(training, seed)
  const inputs = referencePart('training', training.rows, { ...sample, width, columns })
  const scored = validation ? sampleTable(validation, seed) : sample
  const { objective } = manifest.model
  // the booster is the predictor's, which frees it
  using trees = new TreePredictor(
    Booster.load(model, threads),
    training.columns,
    objective,
    threads,
  )
  await writeReference(folder, manifest, inputs, {
    part: validation ? 'validation' : 'training',
    of: (validation ?? training).rows,
    ...trees.predict({ ...scored, explain: false }),
  })
}

interface RowSample {
  /** Row-major. */
  rows: Float32Array
  count: number
  offsets?: Float32Array
}

/** Rows at random, in their order. */
function sampleTable(table: Table, seed: number): RowSample {
  const width = table.columns.length
  const wanted = Math.max(1, Math.min(maxRows, Math.floor(maxValues / width)))
  const fraction = Math.min(1, wanted / table.rows)
  const isSelected = sampleFraction(table.rows, fraction, seed)
  const count = isSelected.reduce((sum, one) => sum + one, 0)
  const rows = new Float32Array(count * width)
  let [row, to] = [0, 0]
  for (const batch of table.batches()) {
    for (let i = 0; i < batch.rows; i++, row++) {
      if (isSelected[row] === 0) continue
      for (const column of batch.columns) rows[to++] = column[i]!
    }
  }
  const offsets = table.offsets?.filter((_, each) => isSelected[each] !== 0)
  return { rows, count, ...(offsets && { offsets }) }
}
