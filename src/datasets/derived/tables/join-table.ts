import { quoteJson } from '../../../errors.js'
import type { TableManifest } from '../../../spec/dataset.js'
import type { JoinStep } from '../../../spec/dataset-steps.js'
import type { Notes } from '../../../spec/notes.js'
import { textsOf } from '../../tables/columns/prepared-values.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'
import { checkNames, findColumn } from './column-steps.js'
import { isKept, keptValues, type TableView, viewAll, viewBatches } from './table-view.js'
import { mapValues, type Values, type ViewColumn } from './view-column.js'

/** The other table's columns are held in memory. */
const maxOtherRows = 2_000_000
const maxOtherValues = 20_000_000

/** No row has the key. */
const noRow = -1

/** Adds columns of another table, in which each key has one row. */
export function joinTable(
  step: JoinStep,
  view: TableView,
  other: SourceDataset | null,
  errors: StepErrors,
  notes: Notes,
): TableView {
  if (other?.manifest.kind !== 'table') {
    errors.add('/dataset', 'wrong_kind', `'${step.dataset}' is no table`)
    return view
  }
  const right = viewAll({ folder: other.folder, manifest: other.manifest })
  const key = findColumn(view, step.on, '/on', errors)
  const otherField = step.otherOn === undefined ? '/on' : '/otherOn'
  const otherKey = findColumn(right, step.otherOn ?? step.on, otherField, errors)
  const added = addedColumns(step, right, otherKey, errors)
  checkSize(other.manifest, added.length, errors)
  if (!key || !otherKey) return view
  checkNames([...view.columns, ...added], '/columns', errors)
  errors.throwIfAny()
  const rowsByKey = readKeys(right, otherKey, errors)
  errors.throwIfAny()
  const rowOf = mapValues(key, value =>
    value === null ? noRow : (rowsByKey.get(keyOf(value)) ?? noRow),
  )
  noteRowsWithoutKey(view, key, rowOf, other.manifest, notes)
  const joined = added.map(column => joinedColumn(column, right, key, rowOf))
  return { ...view, columns: [...view.columns, ...joined] }
}

function addedColumns(
  { columns: names }: JoinStep,
  right: TableView,
  otherKey: ViewColumn | null,
  errors: StepErrors,
): ViewColumn[] {
  if (!names) return right.columns.filter(column => column !== otherKey)
  return names.flatMap((name, i) => findColumn(right, name, `/columns/${i}`, errors) ?? [])
}

function checkSize({ records, name }: TableManifest, columns: number, errors: StepErrors): void {
  if (records <= maxOtherRows && records * columns <= maxOtherValues) return
  const message = `'${name}' has ${records} rows, of which ${columns} columns are wanted; at most ${maxOtherRows} rows and ${maxOtherValues} values can be joined`
  errors.add('/dataset', 'too_large', message)
}

/** A number and a text that is written as it are one key, as in a file. */
const keyOf = (value: number | string | boolean): string => String(value)

/** The row of each key. Adds an error if two rows have one. */
function readKeys(right: TableView, key: ViewColumn, errors: StepErrors): Map<string, number> {
  const rows = new Map<string, number>()
  const textOf = mapValues(key, value => (value === null ? null : keyOf(value)))
  for (const [row, value] of keptValues(right, key).entries()) {
    const text = textOf(value)
    if (text === null) continue
    const first = rows.get(text)
    if (first !== undefined) {
      const { name } = right.source.manifest
      const message = `the key ${quoteJson(text)} is in the rows ${first + 1} and ${row + 1} of '${name}': each key may have one row there`
      errors.add('/dataset', 'duplicate', message)
      return rows
    }
    rows.set(text, row)
  }
  return rows
}

function joinedColumn(
  column: ViewColumn,
  right: TableView,
  key: ViewColumn,
  rowOf: (value: number) => number,
): ViewColumn {
  const values = keptValues(right, column)
  const { categories } = column
  const missing = categories ? -1 : Number.NaN
  return {
    ...column,
    dictionary: categories && textsOf(categories),
    read(batch): Values {
      const keys = key.read(batch)
      const found = categories ? new Int32Array(batch.rows) : new Float64Array(batch.rows)
      for (let row = 0; row < batch.rows; row++) {
        const other = rowOf(keys[row]!)
        found[row] = other === noRow ? missing : values[other]!
      }
      return found
    },
  }
}

function noteRowsWithoutKey(
  view: TableView,
  key: ViewColumn,
  rowOf: (value: number) => number,
  { name }: TableManifest,
  notes: Notes,
): void {
  let [rows, without] = [0, 0]
  for (const batch of viewBatches(view)) {
    const keys = key.read(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (!isKept(view.splits[batch.firstRow + row]!)) continue
      rows++
      if (rowOf(keys[row]!) === noRow) without++
    }
  }
  if (without === 0) return
  const message = `${without} of ${rows} rows have a key in '${key.name}' that '${name}' lacks, or none: their new columns have no value`
  notes.add('join_keys_absent', message, [key.name])
}
