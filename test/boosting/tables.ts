import type { Batch, Column, Table } from '../../src/boosting/training-table.js'
import { mulberry32 } from '../../testing/random.js'
import { readTable } from '../../testing/tables.js'

const categories = ['alder', 'birch', 'cedar', 'élan', 'fir', 'ginkgo', '樺']
const categoryCount = categories.length

/** The table of test/data/<name>.csv, in batches of `batchRows`. */
export function csvTable(name: string, batchRows = 100): Table {
  const { columns, rows, targets } = readTable(name)
  return tableOf(
    columns.map((name, i) => ({ name, values: Float32Array.from(rows, row => row[i]!) })),
    Float32Array.from(targets),
    { batchRows },
  )
}

interface Values {
  name: string
  values: Float32Array
  categories?: Column['categories']
}

export function tableOf(
  columns: readonly Values[],
  labels: Float32Array,
  options: {
    batchRows?: number
    weights?: Float32Array
    groups?: Uint32Array
    offsets?: Float32Array
  } = {},
): Table {
  const { batchRows = 100, weights = null, groups = null, offsets = null } = options
  return {
    rows: labels.length,
    columns: columns.map(({ name, categories = null }): Column => ({ name, categories })),
    labels,
    sampleWeights: weights,
    groups,
    offsets,
    *batches(): Iterable<Batch> {
      for (let row = 0; row < labels.length; row += batchRows) {
        const end = Math.min(row + batchRows, labels.length)
        yield { rows: end - row, columns: columns.map(c => c.values.subarray(row, end)) }
      }
    },
  }
}

/** Rows `from` to `to` - 1 of a table. */
export function sliceRows(table: Table, from: number, to: number): Table {
  const all = wholeColumns(table)
  return tableOf(
    all.map((values, i) => {
      const { name, categories } = table.columns[i]!
      return { name, values: values.slice(from, to), ...(categories && { categories }) }
    }),
    table.labels.slice(from, to),
    {
      ...(table.sampleWeights && { weights: table.sampleWeights.slice(from, to) }),
      ...(table.groups && { groups: table.groups.slice(from, to) }),
      ...(table.offsets && { offsets: table.offsets.slice(from, to) }),
    },
  )
}

/** The table's values, row-major. */
export function dense(table: Table): Float32Array {
  const width = table.columns.length
  const values = new Float32Array(table.rows * width)
  wholeColumns(table).forEach((column, i) => {
    column.forEach((value, row) => {
      values[row * width + i] = value
    })
  })
  return values
}

function wholeColumns(table: Table): Float32Array[] {
  const columns = table.columns.map(() => new Float32Array(table.rows))
  let row = 0
  for (const batch of table.batches()) {
    batch.columns.forEach((values, i) => {
      columns[i]!.set(values, row)
    })
    row += batch.rows
  }
  return columns
}

/**
 * scikit-learn's make_friedman1 (Friedman 1991, "Multivariate Adaptive Regression Splines"), plus a
 * categorical column and missing values.
 */
export function makeFriedman1(rows: number, batchRows = 100): Table {
  const uniform = mulberry32(1)
  const columns = Array.from({ length: 10 }, () => Float32Array.from({ length: rows }, uniform))
  const category = Float32Array.from({ length: rows }, () => Math.floor(uniform() * categoryCount))
  const labels = Float32Array.from({ length: rows }, (_, i) => {
    const [a, b, c, d, e] = columns.map(column => column[i]!)
    const smooth = 10 * Math.sin(Math.PI * a! * b!) + 20 * (c! - 0.5) ** 2 + 10 * d! + 5 * e!
    return smooth + ((category[i]! * 3) % categoryCount)
  })
  for (const column of columns) {
    for (let i = 0; i < rows; i++) if (uniform() < 0.05) column[i] = Number.NaN
  }
  return tableOf(
    [
      ...columns.map((values, i) => ({ name: `x${i}`, values })),
      { name: 'kind', values: category, categories },
    ],
    labels,
    { batchRows },
  )
}

/** The same table with other labels. */
export const withLabels = (table: Table, labels: Float32Array): Table => ({ ...table, labels })
