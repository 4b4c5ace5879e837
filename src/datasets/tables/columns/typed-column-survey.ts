import type { Cell, ColumnType } from '../../../spec/dataset.js'
import type { CellParser } from '../cell-parser.js'
import { quoteCell } from '../csv.js'
import type { ColumnBatch, SourceColumn } from './column-batch.js'
import type { ColumnFacts } from './column-facts.js'
import { ColumnStatistics } from './column-survey.js'
import { expectedValues } from './column-types.js'
import { NumberFacts, numberText } from './number-facts.js'
import { type PreparedValues, textRange, ValuePreparer } from './prepared-values.js'
import { TextFacts } from './text-facts.js'

export interface ColumnLimits {
  /** Position of the column in its table, from 0. */
  index: number
  /** Distinct values that are counted. */
  distinct: number
  /** Texts that are kept to tell how they are written. */
  otherTexts: number
}

const isTextType = (type: ColumnType | null) => type === 'category' || type === 'text'

/** Reads the values of one column of typed files, and collects what there is to know of it. */
export class TypedColumnSurvey {
  readonly facts: ColumnFacts
  /** Position of the column in its table, from 0. */
  readonly index: number
  private readonly preparer: ValuePreparer
  private prepared: PreparedValues | null = null
  private readonly addValues: (values: PreparedValues, batch: ColumnBatch) => void

  constructor(
    private readonly column: SourceColumn,
    readonly declared: ColumnType | null,
    cells: CellParser,
    { index, distinct, otherTexts }: ColumnLimits,
  ) {
    const source = column.type
    this.index = index
    const asText = source !== 'text' && isTextType(declared)
    this.preparer = new ValuePreparer(source, asText, cells)
    if (source !== 'text' && !asText) {
      const facts = new NumberFacts(index, source, declared, distinct)
      this.facts = facts
      this.addValues = (values, { rows, file, firstRow }) => {
        if (values.kind === 'numbers') facts.add(values, rows, file, firstRow)
      }
    } else if (asText || declared === null || isTextType(declared)) {
      const facts = new TextFacts(declared, !asText, distinct, cells, otherTexts)
      this.facts = facts
      this.addValues = (values, { rows }) => {
        if (values.kind !== 'numbers') facts.add(values, rows)
      }
    } else {
      const facts = new ColumnStatistics(index, declared, distinct, cells, otherTexts)
      this.facts = facts
      this.addValues = (values, batch) => addParsed(facts, values, batch)
    }
  }

  get emptyTexts(): number {
    return this.preparer.emptyTexts
  }

  /** An integer of the file that was rounded; null if there is none. */
  get beyondSafe(): number | null {
    return this.facts instanceof NumberFacts ? this.facts.beyondSafe : null
  }

  add(batch: ColumnBatch): void {
    this.prepared = this.preparer.prepare(batch.columns[this.index]!, batch.rows)
    this.addValues(this.prepared, batch)
  }

  /** Calls `onWrong` with each row of a batch whose value `add` has counted as a mismatch, and with what is wrong. */
  forEachWrong(batch: ColumnBatch, onWrong: (row: number, detail: string) => void): void {
    const { facts, column } = this
    const values = this.preparer.prepare(batch.columns[this.index]!, batch.rows)
    const type = facts.declared ?? 'number'
    const expected = `expected ${expectedValues[type]}`
    for (let row = 0; row < batch.rows; row++) {
      if (values.valid !== null && values.valid[row] === 0) continue
      const text = wrongText(facts, values, row)
      if (text !== null)
        onWrong(row, `${quoteCell(column.name)} is ${quoteCell(text)}, ${expected}`)
    }
  }

  /** A value of the batch that was added last; a text is cut. */
  cell(row: number, maxTextBytes: number): Cell {
    const { prepared } = this
    if (!prepared || (prepared.valid !== null && prepared.valid[row] === 0)) return null
    if (prepared.kind === 'numbers') {
      const value = prepared.values[row]!
      return Number.isNaN(value) ? null : value
    }
    const { bytes, start, end } = textRange(prepared, row)
    return bytes.toString('utf8', start, Math.min(end, start + maxTextBytes))
  }
}

/** The value if it does not have the type of its column. */
function wrongText(facts: ColumnFacts, values: PreparedValues, row: number): string | null {
  if (values.kind === 'numbers') {
    const value = values.values[row]!
    const isWrong = facts instanceof NumberFacts && !Number.isNaN(value) && facts.isMismatch(value)
    return isWrong ? numberText(value) : null
  }
  const { bytes, start, end } = textRange(values, row)
  const isWrong = facts instanceof ColumnStatistics && facts.isWrongText(bytes, start, end)
  return isWrong ? bytes.toString('utf8', start, Math.min(end, start + 100)) : null
}

/** Counts texts as the cells of a CSV file, for a schema that makes numbers or booleans of them. */
function addParsed(facts: ColumnStatistics, values: PreparedValues, batch: ColumnBatch): void {
  if (values.kind === 'numbers') return
  const { rows, file, firstRow } = batch
  const place = { row: 0 }
  for (let row = 0; row < rows; row++) {
    place.row = firstRow + row + 1
    const isMissing = values.valid !== null && values.valid[row] === 0
    const { bytes, start, end } = textRange(values, row)
    facts.add(bytes, start, isMissing ? start : end, true, place, file)
  }
}
