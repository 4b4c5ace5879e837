import { setImmediate } from 'node:timers/promises'
import type { ColumnType, TableManifest } from '../../spec/dataset.js'
import { defaultLimits, maxClasses } from '../limits.js'
import {
  type BatchRows,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { writeRows } from '../tables/column-conversion.js'
import type {
  ColumnBatch,
  ColumnSource,
  ColumnValues,
  SourceType,
  Texts,
} from '../tables/columns/column-batch.js'
import { dictionaryValues, textsOf } from '../tables/columns/prepared-values.js'
import { type TableContent, tableContent } from '../tables/table-content.js'
import { TableWriter } from '../tables/table-writer.js'
import { describeSource } from '../tables/typed-table.js'

/** A column that is stored beside those of the data set. */
export interface AddedColumn {
  name: string
  type: Exclude<ColumnType, 'text' | 'boolean'>
  /** Of a category: what its values are indices of. */
  texts?: readonly string[]
  /** The values of some records; those of a category are negative where there is none. */
  read(first: number, count: number): Float32Array | Float64Array | Int32Array
}

interface PredictedTable {
  /** The columns that are kept, before the others; null for none. */
  kept: StoredDataset<TableManifest> | null
  added: readonly AddedColumn[]
  records: number
  /** The name of the data set that was predicted, for messages. */
  name: string
  /** A staged folder. */
  folder: string
  /** Called after some rows. */
  onRows(): void
}

/** Rows that are written at once, and bytes that their cells take at most. */
const maxBatchRows = 8192
const maxBatchBytes = 8 * 2 ** 20
/** Labels of classes are categories, however many there are. */
const limits = { ...defaultLimits, categories: maxClasses, categoryBytes: 64 * 2 ** 20 }

/** Writes a table of a data set's columns and of others, with as many rows as it has records, in their order. */
export async function writePredictions(table: PredictedTable): Promise<TableContent> {
  const { kept, added, folder, name, onRows } = table
  const stored = kept ? storedColumns(kept.manifest) : []
  const source = sourceOf(table, stored)
  const types = [
    ...stored.map(({ column }): [string, ColumnType] => [column.name, column.type]),
    ...added.map(({ name: own, type }): [string, ColumnType] => [own, type]),
  ]
  const isKept = stored.some(({ column }) => column.name === kept?.manifest.target)
  const target = isKept ? kept!.manifest.target : null
  const form = { dialect: {}, types, target, cells: {}, sheet: null }
  const described = await describeSource(source, { form, limits, file: name, onRows })
  using writer = new TableWriter(folder, described.columns)
  await writeRows(source, described, writer, onRows)
  // notes on what a column is good for in training are those of the data set that was predicted
  return { ...tableContent(described, writer.close()), notes: [] }
}

function sourceOf(table: PredictedTable, stored: readonly StoredColumn[]): ColumnSource {
  const { added, name } = table
  const dictionaries = new Map<object, Texts>()
  const dictionaryOf = (owner: object, texts: readonly string[]) => {
    const found = dictionaries.get(owner) ?? textsOf(texts)
    dictionaries.set(owner, found)
    return found
  }
  return {
    columns: [
      ...stored.map(({ column }) => ({
        name: column.name,
        type: column.type === 'category' ? ('text' as const) : column.type,
      })),
      ...added.map(({ name: own, type }): { name: string; type: SourceType } => ({
        name: own,
        type: type === 'category' ? 'text' : type,
      })),
    ],
    notes: [],
    async *batches(): AsyncGenerator<ColumnBatch> {
      let firstRow = 0
      for (const batch of batchesOf(table, stored.length)) {
        const { rows } = batch
        const own = stored.map(each =>
          each.column.type === 'category'
            ? dictionaryValues(
                Int32Array.from(batch.values(each)),
                dictionaryOf(each, each.column.categories),
              )
            : numbersOf(batch.values(each)),
        )
        const others = added.map(column => {
          const values = column.read(firstRow, rows)
          return column.texts
            ? dictionaryValues(Int32Array.from(values), dictionaryOf(column, column.texts))
            : numbersOf(values)
        })
        yield { file: name, firstRow, rows, columns: [...own, ...others] }
        firstRow += rows
        // the worker's messages arrive in between
        await setImmediate()
      }
    },
  }
}

/** A few thousand rows at a time, with the columns that are kept. */
function* batchesOf(
  { kept, added, records }: PredictedTable,
  keptColumns: number,
): Generator<Pick<BatchRows, 'rows' | 'values'>> {
  const columns = keptColumns + added.length
  const batchRows = Math.max(1, Math.min(maxBatchRows, Math.floor(maxBatchBytes / (8 * columns))))
  for (let first = 0; first < records; first += batchRows) {
    const end = Math.min(first + batchRows, records)
    if (kept) yield* readBatches(kept, { first, end })
    else yield { rows: end - first, values: () => new Float32Array(0) }
  }
}

const numbersOf = (values: Float32Array | Float64Array | Int32Array): ColumnValues => ({
  kind: 'numbers',
  values,
  valid: null,
})
