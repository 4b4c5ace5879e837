import { quoteTruncated } from '../../errors.js'
import { type FileLocation, fileError } from '../errors.js'
import type { DatasetLimits } from '../limits.js'
import { dateOfSerial } from './number-formats.js'
import { RichText } from './shared-texts.js'
import type { Sheet, Workbook } from './workbook.js'
import { decodeXstring, isTrue, readXml } from './xml-events.js'

/** What a reader of the sheet should know. */
export interface SheetFacts {
  rows: number
  /** Cells such as #N/A, which are read as missing. */
  errors: number
  /** Formulas whose result is not stored, which are read as missing. */
  uncomputed: number
  dates: number
  mergedCells: number
  hiddenRows: number
  /** Columns of the table that the sheet does not show. */
  hiddenColumns: number
}

interface OpenCell {
  column: number
  /** `t`: how the value is written. */
  type: string
  isDate: boolean
  value: string
  hasFormula: boolean
}

export interface SheetOptions {
  limits: Pick<DatasetLimits, 'columns' | 'rows'>
  /** The decimal sign of the CSV. */
  decimal: string
}

/** Writes the rows of a sheet as lines of CSV, each at the number that it has in the sheet if no cell has several lines. */
export async function writeSheetCsv(
  workbook: Workbook,
  sheet: Sheet,
  { limits, decimal }: SheetOptions,
  write: (text: string) => void,
): Promise<SheetFacts> {
  const { source, texts, dateStyles, is1904 } = workbook
  const facts: SheetFacts = {
    ...{ rows: 0, errors: 0, uncomputed: 0, dates: 0 },
    ...{ mergedCells: 0, hiddenRows: 0, hiddenColumns: 0 },
  }
  const inline = new RichText()
  let row = 0
  let line = 0
  let cells: string[] = []
  let cell: OpenCell | null = null
  let isInValue = false
  /** Ranges of columns, from 1. They come before the rows. */
  const hiddenRanges: { min: number; max: number }[] = []
  /** The first column with a name, and how many have one. */
  let table: { first: number; columns: number } | null = null

  const wrong = (detail: string, code: 'DATASET_FORMAT' | 'DATASET_TOO_LARGE' = 'DATASET_FORMAT') =>
    fileError(code, locationOf(workbook, sheet), detail)

  const addColumns = ({ min, max, hidden }: Readonly<Record<string, string>>) => {
    if (!isTrue(hidden)) return
    if (hiddenRanges.length === limits.columns) {
      throw wrong(`it describes more than ${limits.columns} columns`, 'DATASET_TOO_LARGE')
    }
    hiddenRanges.push({ min: Number(min), max: Number(max) })
  }

  const startRow = ({ r, hidden }: Readonly<Record<string, string>>) => {
    const number = r === undefined ? row + 1 : Number(r)
    if (!Number.isSafeInteger(number) || number <= row || number > maxRows) {
      throw wrong(`row ${quoteTruncated(r ?? '')} comes after row ${row}`)
    }
    row = number
    cells = []
    if (isTrue(hidden)) facts.hiddenRows++
  }

  const startCell = ({ r, t = 'n', s }: Readonly<Record<string, string>>) => {
    const column = r === undefined ? cells.length : columnOf(r)
    if (column < cells.length) {
      throw wrong(
        `cell ${quoteTruncated(r ?? '')} of row ${row} is not in the order of the columns`,
      )
    }
    if (column >= limits.columns) {
      const detail = `cell ${quoteTruncated(r ?? '')} of row ${row} is beyond column ${limits.columns}`
      throw wrong(detail, 'DATASET_TOO_LARGE')
    }
    const isDate = t === 'n' && (dateStyles[Number(s)] ?? false)
    cell = { column, type: t, isDate, value: '', hasFormula: false }
    inline.start()
  }

  const textOf = ({ type, isDate, value, hasFormula }: OpenCell): string => {
    switch (type) {
      case 'inlineStr':
        return inline.text
      case 'e':
        facts.errors++
        return ''
      case 's': {
        const text = texts.get(Number(value))
        if (text !== undefined && value !== '') return text
        throw wrong(
          `row ${row} names a text ${quoteTruncated(value)} that the workbook does not have`,
        )
      }
    }
    if (value === '') {
      if (hasFormula) facts.uncomputed++
      return ''
    }
    if (type === 'b') return isTrue(value) ? 'true' : 'false'
    if (type === 'str') return decodeXstring(value)
    const number = type === 'n' ? value.replace('.', decimal) : value
    if (!isDate) return number
    const date = dateOfSerial(Number(value), is1904)
    if (date === null) return number
    facts.dates++
    return date
  }

  const endRow = () => {
    if (cells.every(text => text === '')) return
    table ??= tableOf(cells)
    const { first, columns } = table
    const stray = cells.slice(0, first).findIndex(text => text !== '')
    if (stray >= 0) {
      const detail = `row ${row} has a cell in column ${columnName(stray)}, but the first row with cells begins in column ${columnName(first)}`
      throw wrong(detail)
    }
    const fields = cells.slice(first)
    while (fields.length > columns && fields.at(-1) === '') fields.pop()
    while (fields.length < columns) fields.push('')
    write(`${'\n'.repeat(row - 1 - line)}${fields.map(quote).join(',')}\n`)
    line = row
    if (facts.rows++ > limits.rows)
      throw wrong(`it has more than ${limits.rows} rows`, 'DATASET_TOO_LARGE')
  }

  await readXml(source, sheet.entry, {
    open(name, attributes) {
      if (name === 'row') startRow(attributes)
      else if (name === 'c') startCell(attributes)
      else if (name === 'v') isInValue = cell !== null
      else if (name === 'f' && cell) cell.hasFormula = true
      else if (name === 'mergeCell') facts.mergedCells++
      else if (name === 'col') addColumns(attributes)
      else inline.open(name)
    },
    text(piece) {
      if (isInValue) cell!.value += piece
      else inline.add(piece)
    },
    close(name) {
      inline.close(name)
      if (name === 'v') isInValue = false
      if (name === 'row') endRow()
      if (name !== 'c' || !cell) return
      while (cells.length < cell.column) cells.push('')
      cells.push(textOf(cell))
      cell = null
    },
  })
  if (table) facts.hiddenColumns = countHidden(table, hiddenRanges)
  return facts
}

/** The most that a sheet can have (ECMA-376 has no limit; Excel and LibreOffice have this one). */
const maxRows = 1_048_576

export const locationOf = ({ file, source }: Workbook, { entry }: Sheet): FileLocation => ({
  ...source.location(entry),
  file,
})

/** How many columns of the table lie in the ranges. */
const countHidden = (
  { first, columns }: { first: number; columns: number },
  ranges: readonly { min: number; max: number }[],
): number =>
  Array.from({ length: columns }, (_, i) => first + i + 1).filter(column =>
    ranges.some(({ min, max }) => column >= min && column <= max),
  ).length

/** The first row with cells has the names of the columns. */
function tableOf(cells: readonly string[]): { first: number; columns: number } {
  const first = cells.findIndex(text => text !== '')
  const last = cells.findLastIndex(text => text !== '')
  return { first, columns: last + 1 - first }
}

/** `C7` → 2. */
function columnOf(reference: string): number {
  let column = 0
  for (const [letter] of reference.matchAll(/[A-Z]/gi)) {
    column = 26 * column + (letter.toUpperCase().charCodeAt(0) - 64)
    if (column > 1_000_000) break
  }
  return column - 1
}

/** 2 → `C`. */
function columnName(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26))
  return column < 26 ? letter : columnName(Math.floor(column / 26) - 1) + letter
}

const quote = (text: string) =>
  /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
