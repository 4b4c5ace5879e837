import type {
  ColumnSource,
  ColumnValues,
  SourceColumn,
} from '../../../src/datasets/tables/columns/column-batch.js'
import { textsOf } from '../../../src/datasets/tables/columns/prepared-values.js'

/** A column of a source in memory; null is missing. A dictionary has unused texts, and other codes in every batch. */
export interface MemoryColumn extends SourceColumn {
  cells: readonly (number | bigint | boolean | string | null)[]
  as?: 'dictionary' | 'int64' | 'float32'
}

/** Gives the cells of columns in batches of some rows. */
export function memorySource(columns: readonly MemoryColumn[], batchRows: number): ColumnSource {
  const rows = columns[0]!.cells.length
  return {
    columns,
    notes: [],
    *batches() {
      for (let firstRow = 0; firstRow < rows; firstRow += batchRows) {
        const values = columns.map(column =>
          valuesOf(column, column.cells.slice(firstRow, firstRow + batchRows)),
        )
        const count = Math.min(batchRows, rows - firstRow)
        yield { file: 'memory', firstRow, rows: count, columns: values }
      }
    },
  }
}

function valuesOf({ type, as }: MemoryColumn, cells: MemoryColumn['cells']): ColumnValues {
  const valid = cells.includes(null)
    ? Uint8Array.from(cells, cell => (cell === null ? 0 : 1))
    : null
  if (type !== 'text') return { kind: 'numbers', values: numbersOf(cells, as), valid }
  const texts = cells.map(cell => (cell === null ? 'beneath' : String(cell)))
  if (as !== 'dictionary') return { kind: 'texts', texts: textsOf(texts), valid }
  const dictionary = ['unused', ...new Set(texts)].reverse()
  const codes = Int32Array.from(texts, text => dictionary.indexOf(text))
  return { kind: 'dictionary', codes, dictionary: textsOf(dictionary), valid }
}

function numbersOf(cells: MemoryColumn['cells'], as: MemoryColumn['as']) {
  if (as === 'int64') return BigInt64Array.from(cells, cell => BigInt(cell ?? 7))
  const numbers = cells.map(cell => Number(cell ?? 7))
  return as === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers)
}
