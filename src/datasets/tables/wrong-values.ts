import type { ColumnType } from '../../spec/dataset.js'
import { fileError } from '../errors.js'
import type { DatasetLimits } from '../limits.js'
import type { ProblemList } from '../problem-list.js'
import { isMissingMarker, parseBoolean } from './cell.js'
import type { ColumnStatistics } from './columns/column-survey.js'
import { findTypeError } from './columns/column-types.js'
import { type CsvRow, quoteCell } from './csv.js'

/** Rows that are left out are remembered until the table is written. */
const maxRemembered = 1_000_000

/** The columns whose type does not fit all of their values, with the type that they should have. */
export function wrongColumns(
  names: readonly string[],
  columnStats: readonly ColumnStatistics[],
  limits: DatasetLimits,
): WrongColumn[] {
  return columnStats.flatMap((stats, index) => {
    const isWrong = stats.firstMismatch && findTypeError(names[index]!, stats, limits)
    return isWrong ? [{ name: names[index]!, index, stats, type: stats.declared ?? 'number' }] : []
  })
}

interface WrongColumn {
  name: string
  index: number
  stats: ColumnStatistics
  type: ColumnType
}

/** Finds the rows with values of a wrong type, tells each, and passes over them in later readings. */
export class WrongValues {
  private readonly rows = new Set<number>()

  constructor(
    private readonly columns: readonly WrongColumn[],
    private readonly problems: ProblemList,
  ) {}

  /** `row` counts the rows of all files. Call it with each, once. Throws if there are too many. */
  add(row: number, cells: CsvRow, file: string): void {
    const column = this.columns.find(each => isWrong(each, cells))
    if (!column) return
    const { bytes, starts, ends, line } = cells
    const { name, index, type } = column
    const text = bytes.toString(
      'utf8',
      starts[index]!,
      Math.min(ends[index]!, starts[index]! + 100),
    )
    const detail = `${quoteCell(name)} is ${quoteCell(text)}, expected ${expected[type]}`
    if (this.rows.size === maxRemembered) {
      const message = `more than ${maxRemembered} rows have wrong values`
      throw fileError('DATASET_TOO_LARGE', { file, line }, message)
    }
    this.rows.add(row)
    this.problems.add(fileError('DATASET_VALUE', { file, line, column: index + 1 }, detail))
  }

  has(row: number): boolean {
    return this.rows.has(row)
  }
}

const expected: Readonly<Record<ColumnType, string>> = {
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  category: 'a text',
  text: 'a text',
}

/** True if the cell makes its column fail, as `ColumnStatistics` counts it. */
function isWrong({ index, stats, type }: WrongColumn, { bytes, starts, ends }: CsvRow): boolean {
  const [start, end] = [starts[index]!, ends[index]!]
  if (start === end || stats.isDeclaredMissing(bytes, start, end)) return false
  if (isMissingMarker(bytes, start, end)) return false
  if (type === 'boolean') return parseBoolean(bytes, start, end) < 0
  const { numbers } = stats.cells
  if (!numbers.parse(bytes, start, end)) return true
  return type === 'integer' && !Number.isSafeInteger(numbers.value)
}
