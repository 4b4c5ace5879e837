// Leaves rows with values of a wrong type out of what a reader of typed files gives.
import { fileError } from '../errors.js'
import type { ProblemList } from '../problem-list.js'
import type { ColumnBatch, ColumnSource, ColumnValues, Texts } from './columns/column-batch.js'
import type { TypedColumnSurvey } from './columns/typed-column-survey.js'
import { maxWrongRows, tooManyWrongRows } from './wrong-values.js'

/** The rows of each batch, in their order; batches without such rows have no entry. */
export type RowsByBatch = ReadonlyMap<number, readonly number[]>

/** Tells each row with a value of a wrong type, by the first of the columns that has one. Throws if there are too many. */
export async function findWrongRows(
  source: ColumnSource,
  columns: readonly TypedColumnSurvey[],
  problems: ProblemList,
): Promise<RowsByBatch> {
  const found = new Map<number, number[]>()
  let count = 0
  let batchNumber = 0
  for await (const batch of source.batches()) {
    const wrong = wrongCells(batch, columns)
    const rows = [...wrong.keys()].sort((one, other) => one - other)
    for (const row of rows) {
      const { column, detail } = wrong.get(row)!
      const location = { file: batch.file, row: batch.firstRow + row + 1, column: column + 1 }
      if (count++ === maxWrongRows) throw tooManyWrongRows(location)
      problems.add(fileError('DATASET_VALUE', location, detail))
    }
    if (rows.length > 0) found.set(batchNumber, rows)
    batchNumber++
  }
  return found
}

function wrongCells(batch: ColumnBatch, columns: readonly TypedColumnSurvey[]) {
  const wrong = new Map<number, { column: number; detail: string }>()
  for (const survey of columns) {
    survey.forEachWrong(batch, (row, detail) => {
      if (!wrong.has(row)) wrong.set(row, { column: survey.index, detail })
    })
  }
  return wrong
}

/** The rows of a source that are none of `left`. */
export function withoutRows(source: ColumnSource, left: RowsByBatch): ColumnSource {
  return {
    columns: source.columns,
    notes: source.notes,
    async *batches() {
      let batchNumber = 0
      for await (const batch of source.batches()) {
        const rows = left.get(batchNumber++)
        if (!rows) yield batch
        else if (rows.length < batch.rows) yield pickRows(batch, rows)
      }
    },
  }
}

function pickRows(batch: ColumnBatch, left: readonly number[]): ColumnBatch {
  const leftOut = new Set(left)
  const kept = Int32Array.from(
    Array.from({ length: batch.rows }, (_, row) => row).filter(row => !leftOut.has(row)),
  )
  return { ...batch, rows: kept.length, columns: batch.columns.map(values => pick(values, kept)) }
}

function pick(values: ColumnValues, kept: Int32Array): ColumnValues {
  const valid = values.valid && Uint8Array.from(kept, row => values.valid![row]!)
  switch (values.kind) {
    case 'numbers': {
      const all = values.values
      const picked = all.slice(0, kept.length)
      for (const [at, row] of kept.entries()) picked[at] = all[row]!
      return { kind: 'numbers', values: picked, valid }
    }
    case 'texts':
      return { kind: 'texts', texts: pickTexts(values.texts, kept), valid }
    case 'dictionary':
      return { ...values, codes: kept.map(row => values.codes[row]!), valid }
  }
}

function pickTexts({ bytes, offsets }: Texts, kept: Int32Array): Texts {
  const texts = Array.from(kept, row => bytes.subarray(offsets[row]!, offsets[row + 1]!))
  const picked = new Int32Array(kept.length + 1)
  for (const [at, { length }] of texts.entries()) picked[at + 1] = picked[at]! + length
  return { bytes: Buffer.concat(texts), offsets: picked }
}
