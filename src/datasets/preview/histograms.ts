import type {
  CategoryColumn,
  NumericColumn,
  TableColumn,
  TableManifest,
} from '../../spec/dataset.js'
import type { CategoryHistogram, ColumnHistogram } from '../../spec/dataset-preview.js'
import { readBatches, type StoredColumn, storedColumns } from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

/** Values that one request counts; of a larger table, it counts a part of the rows. */
const maxValues = 50_000_000

/** How the values of columns are spread, in the order of the table's columns. */
export function computeHistograms(
  dataset: StoredDataset<TableManifest>,
  input: { columns: readonly string[]; bins: number },
): ColumnHistogram[] {
  const { manifest } = dataset
  const wanted = new Set(input.columns)
  const counters = new Map<string, { column: StoredColumn; counter: Counter }>()
  for (const column of storedColumns(manifest)) {
    const { name, type } = column.column
    if (!wanted.has(name) || type === 'category') continue
    counters.set(name, { column, counter: counterOf(column.column as NumericColumn, input.bins) })
  }
  const countedRows = countAll(dataset, [...counters.values()])
  return manifest.columns
    .filter(({ name }) => wanted.has(name))
    .map(column => describe(column, counters.get(column.name)?.counter, countedRows, input.bins))
}

/**
 * Returns the number of counted rows. Of a large table, these are the first rows of the batches of every n-th
 * shard, so that neither the values nor the shards that are read are too many.
 */
function countAll(
  dataset: StoredDataset<TableManifest>,
  counters: readonly { column: StoredColumn; counter: Counter }[],
): number {
  const { records, shards } = dataset.manifest
  if (counters.length === 0) return records
  const share = Math.min(1, maxValues / (records * counters.length))
  const stride = Math.floor(Math.sqrt(1 / share))
  let countedRows = 0
  let first = 0
  for (const [index, shard] of shards.entries()) {
    const range = { first, end: first + shard.records }
    first = range.end
    if (index % stride !== 0) continue
    for (const batch of readBatches(dataset, range)) {
      const rows = Math.min(batch.rows, Math.ceil(batch.rows * share * stride))
      for (const { column, counter } of counters) counter.add(batch.values(column, rows))
      countedRows += rows
    }
  }
  return countedRows
}

function describe(
  column: TableColumn,
  counter: Counter | undefined,
  countedRows: number,
  bins: number,
): ColumnHistogram {
  const { name, missing } = column
  switch (column.type) {
    case 'text':
      return { name, type: 'text', missing, distinct: column.distinct }
    case 'category':
      return describeCategories(column, bins)
    case 'boolean': {
      const [no = 0, yes = 0] = counter!.counts
      return { name, type: 'boolean', missing, false: no, true: yes }
    }
    default: {
      const { edges, counts } = counter!
      return {
        name,
        type: column.type,
        missing,
        edges: [...edges],
        counts: [...counts],
        countedRows,
      }
    }
  }
}

function describeCategories(column: CategoryColumn, top: number): CategoryHistogram {
  const { name, missing, categories, counts } = column
  const order = counts.map((_, code) => code).sort((a, b) => counts[b]! - counts[a]! || a - b)
  const [shown, hidden] = [order.slice(0, top), order.slice(top)]
  return {
    name,
    type: 'category',
    missing,
    categories: shown.map(code => categories[code]!),
    counts: shown.map(code => counts[code]!),
    others: {
      categories: hidden.length,
      count: hidden.reduce((sum, code) => sum + counts[code]!, 0),
    },
  }
}

/** Counts values in bins of equal width. */
class Counter {
  readonly counts: Float64Array

  constructor(readonly edges: Float64Array) {
    this.counts = new Float64Array(Math.max(0, edges.length - 1))
  }

  add(values: Float32Array | Float64Array | Int32Array): void {
    const { counts, edges } = this
    const last = counts.length - 1
    if (last < 0) return
    const min = edges[0]!
    const width = (edges[last + 1]! - min) / (last + 1)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      const bin = width > 0 ? Math.floor((value - min) / width) : 0
      // the extremes are those of the numbers as they were written, with more digits than are stored
      counts[Math.max(0, Math.min(bin, last))]!++
    }
  }
}

function counterOf({ type, min, max }: NumericColumn, bins: number): Counter {
  if (type === 'boolean') return new Counter(Float64Array.of(0, 1, 2))
  if (min === null || max === null) return new Counter(new Float64Array(0))
  if (type === 'integer') {
    const width = Math.ceil((max - min + 1) / bins)
    const count = Math.ceil((max - min + 1) / width)
    return new Counter(Float64Array.from({ length: count + 1 }, (_, i) => min + i * width))
  }
  if (min === max) return new Counter(Float64Array.of(min, max))
  // near the largest numbers, max - min is still finite: stored ones are within 3.4e38
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => min + ((max - min) * i) / bins)
  edges[bins] = max
  return new Counter(edges)
}
