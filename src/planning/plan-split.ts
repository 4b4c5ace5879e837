import type { FieldErrors } from '../errors.js'
import { type BoostingObjective, isClassification } from '../spec/boosting-options.js'
import type { TableManifest } from '../spec/dataset.js'
import type { Notes } from '../spec/notes.js'
import type {
  OtherValidation,
  TableSplit,
  TableSplitPlan,
  TableValidation,
} from '../spec/validation-split.js'
import { findStoredColumn, missingValuesError, onlyValue } from './plan-columns.js'
import { noteNothingHeldOut, requestedHoldOut } from './plan-hold-out.js'

const path = '/training/validation'

interface SplitTable {
  table: TableManifest
  objective: BoostingObjective
  targetName: string | null
  /** Column of the queries of a ranking. */
  groupName: string | null
}

/**
 * Fills in how the rows to validate on are chosen. Adds an error for each field that does not fit the
 * objective or the table.
 */
export function planSplit(
  requested: TableValidation,
  { table, objective, targetName, groupName }: SplitTable,
  errors: FieldErrors,
): Exclude<TableSplitPlan, OtherValidation> {
  const {
    holdOut: fraction,
    by = defaultSplit(objective),
    column = null,
  } = requestedHoldOut(requested)
  errors.addIf(`${path}/by`, 'contradiction', splitProblem(by, objective))
  if (column === null) {
    if (by === 'group' && objective !== 'ranking') {
      const message =
        'by group holds out whole groups: name the column that the rows of a group share'
      errors.add(`${path}/column`, 'required', message)
    }
    return { fraction, by }
  }
  if (by !== 'group' && by !== 'time') {
    const message = `a column goes with by group or by time, and this is ${by}: give one of them, or leave out column`
    errors.add(`${path}/column`, 'contradiction', message)
  } else if (by === 'group' && objective === 'ranking' && column !== groupName) {
    const message = `a ranking holds out whole groups of training.group '${groupName}': leave out column`
    errors.add(`${path}/column`, 'contradiction', message)
  } else if (column === targetName) {
    const message = `'${column}' is the target, by which no rows can be held out: name another column`
    errors.add(`${path}/column`, 'contradiction', message)
  } else checkColumn(column, by, table, errors)
  return { fraction, by, column }
}

/** Every class has its share of the rows to validate on, so that metrics of classes exist. */
function defaultSplit(objective: BoostingObjective): TableSplit {
  if (objective === 'ranking') return 'group'
  return isClassification(objective) ? 'class' : 'random'
}

function splitProblem(by: TableSplit, objective: BoostingObjective): string | null {
  if (by === 'class' && !isClassification(objective)) {
    return `by class needs classes, and objective ${objective} has none: take random, group or time`
  }
  return by === 'random' && objective === 'ranking'
    ? 'a ranking holds out whole groups: leave out by, or take group or time'
    : null
}

function checkColumn(
  name: string,
  by: 'group' | 'time',
  table: TableManifest,
  errors: FieldErrors,
): void {
  const columnPath = `${path}/column`
  const use = 'validation.column'
  const column = findStoredColumn(name, use, table, columnPath, errors)
  if (!column) return
  const only = onlyValue(column)
  const incomplete = missingValuesError(column, use)
  if (incomplete) errors.add(columnPath, 'missing_values', incomplete)
  else if (only !== null) {
    const message = `'${name}' is ${only} in all rows, so none can be held out by it`
    errors.add(columnPath, 'contradiction', message)
  } else if (by === 'time' && column.type === 'category' && !areDates(column.categories)) {
    const example = column.categories.find(value => !isoDate.test(value)) ?? column.categories[0]
    const message = `the texts of '${name}', such as '${example}', have no order in time: expected numbers, or dates such as 2024-01-31 that are all written alike`
    errors.add(columnPath, 'wrong_type', message)
  }
}

/** Dates whose order as text is their order in time. */
const isoDate = /^\d{4}(-\d\d(-\d\d(([T ])\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?)?)?$/

const areDates = (categories: readonly string[]): boolean =>
  new Set(categories.map(value => value.replaceAll(/\d/g, '0'))).size === 1 &&
  categories.every(value => isoDate.test(value))

/**
 * The table whose columns are the features if the request names none. A column that says what belongs
 * together, or when, is seldom known of new rows, so it is left out with a note.
 */
export function withoutSplitColumn(
  table: TableManifest,
  split: TableSplitPlan,
  requestedFeatures: readonly string[] | undefined,
  notes: Notes,
): TableManifest {
  if (!('fraction' in split) || !split.column || requestedFeatures) return table
  const { column, by } = split
  const message = `'${column}' chooses the rows to validate on, by ${by}, so it is left out of the features; to learn from it, name it in training.features`
  notes.add('split_column_left_out', message, [column])
  return { ...table, columns: table.columns.filter(({ name }) => name !== column) }
}

/** About how many of a table's rows are held out. Adds a note if there are none although the job asks for some. */
export function countHeldOut(
  split: TableSplitPlan,
  table: string,
  rows: number,
  notes: Notes,
): number {
  if (!('fraction' in split) || split.fraction === 0) return 0
  const { fraction, by } = split
  const count = Math.round(fraction * rows)
  // at least one group, or the rows of the last time
  if (by === 'group' || by === 'time') return Math.min(Math.max(1, count), rows - 1)
  if (count === 0) noteNothingHeldOut(fraction, rows, 'row', table, notes)
  return count
}
