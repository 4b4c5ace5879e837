import type { ColumnType } from '../../spec/dataset.js'
import { type FileLocation, fileError } from '../errors.js'
import type { DatasetLimits } from '../limits.js'
import type { ProblemList } from '../problem-list.js'
import type { ColumnStatistics } from './columns/column-survey.js'
import { expectedValues, findTypeError } from './columns/column-types.js'
import { type CsvRow, quoteCell } from './csv.js'

/** Rows that are left out are remembered until the table is written. */
export const maxWrongRows = 1_000_000

export const tooManyWrongRows = (location: FileLocation) =>
  fileError('DATASET_TOO_LARGE', location, `more than ${maxWrongRows} rows have wrong values`)

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
    const detail = `${quoteCell(name)} is ${quoteCell(text)}, expected ${expectedValues[type]}`
    const place = { file, line, column: index + 1 }
    if (this.rows.size === maxWrongRows) throw tooManyWrongRows(place)
    this.rows.add(row)
    this.problems.add(fileError('DATASET_VALUE', place, detail))
  }

  has(row: number): boolean {
    return this.rows.has(row)
  }
}

/** True if the cell makes its column fail, as `ColumnStatistics` counts it. */
function isWrong({ index, stats }: WrongColumn, { bytes, starts, ends }: CsvRow): boolean {
  const [start, end] = [starts[index]!, ends[index]!]
  return (
    start < end &&
    !stats.isDeclaredMissing(bytes, start, end) &&
    stats.isWrongText(bytes, start, end)
  )
}
