import type { FieldErrors } from '../errors.js'
import type { BoostingTrainingRequest } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import { listNames, type Notes } from '../spec/notes.js'
import type { NonTextColumn } from './feature-columns.js'

type Role = 'target' | 'sampleWeight' | 'group' | 'offset'

export interface ColumnRoles {
  targetName: string | null
  /** Null if the column is missing or cannot be used. The same holds for the other roles. */
  target: NonTextColumn | null
  sampleWeight: NonTextColumn | null
  group: NonTextColumn | null
  offset: NonTextColumn | null
  roleByColumn: ReadonlyMap<string, Role>
}

/**
 * Finds the columns that a job predicts, and weights and groups rows by. Adds an error for each
 * that cannot be used.
 */
export function resolveRoles(
  request: BoostingTrainingRequest,
  table: TableManifest,
  errors: FieldErrors,
  notes: Notes,
): ColumnRoles {
  const roleByColumn = new Map<string, Role>()
  const resolveRole = (field: Role, name: string | null | undefined): NonTextColumn | null => {
    if (name === null || name === undefined) return null
    const path = `/training/${field}`
    const other = roleByColumn.get(name)
    if (other) errors.add(path, 'contradiction', `'${name}' is the ${other} already`)
    roleByColumn.set(name, field)
    const found = findStoredColumn(name, field, table, path, errors)
    if (field === 'target' && found && found.missing > 0 && found.missing < table.records) {
      notes.add('rows_without_target', withoutTargetMessage(table, found), [name])
    } else if (found) errors.addIf(path, 'missing_values', missingValuesError(found, field))
    return found
  }
  const targetName = request.target ?? table.target
  if (targetName === null) {
    const usable = table.columns.filter(({ type }) => type !== 'text')
    const message = `training.target is missing: which of ${listColumns(usable)} is to be predicted?`
    errors.add('/training/target', 'required', message)
  }
  const target = resolveRole('target', targetName)
  const sampleWeight = resolveRole('sampleWeight', request.sampleWeight)
  const problem = sampleWeight && weightColumnError(sampleWeight)
  if (problem) {
    const message = `sampleWeight takes numbers from 0 on, not all 0, but '${sampleWeight.name}' ${problem}`
    errors.add('/training/sampleWeight', 'out_of_range', message)
  }
  return {
    targetName,
    target,
    sampleWeight,
    group: resolveRole('group', request.group),
    offset: resolveRole('offset', request.offset),
    roleByColumn,
  }
}

/** Finds a column for a `use`, such as `group`. Adds an error if there is none, or if its values are not stored. */
export function findStoredColumn(
  name: string,
  use: string,
  table: TableManifest,
  path: string,
  errors: FieldErrors,
): NonTextColumn | null {
  const found = table.columns.find(column => column.name === name)
  if (!found) errors.add(path, 'unknown_column', unknownColumnMessage(name, table))
  else if (found.type === 'text') errors.add(path, 'wrong_type', textColumnMessage(name, use))
  else return found
  return null
}

/** Returns that rows lack a value of the column, or null if none does. */
export const missingValuesError = ({ name, missing }: NonTextColumn, use: string): string | null =>
  missing === 0
    ? null
    : `${use} '${name}' has ${formatRowCount(missing)} without a value: fill them in or leave the rows out`

/** Returns the value that all rows with a value have, as a message shows it; null if there are several or none. */
export function onlyValue(column: NonTextColumn): string | null {
  if (column.type === 'category') {
    const present = column.categories.filter((_, code) => column.counts[code]! > 0)
    return present.length === 1 ? `'${present[0]}'` : null
  }
  const { type, min, max } = column
  if (min === null || min !== max) return null
  return type === 'boolean' ? String(min === 1) : String(min)
}

/** Says how many rows of a table are left out, since they have no target. */
export const withoutTargetMessage = (table: TableManifest, { name, missing }: TableColumn) =>
  `${formatRowCount(missing)} of '${table.name}' without a value of the target '${name}' ${missing === 1 ? 'is' : 'are'} left out`

/** Returns why the column cannot weight rows, or null if it can. */
export function weightColumnError(column: NonTextColumn): string | null {
  if (column.type === 'category') return 'has categories'
  if ((column.min ?? 0) < 0) return `goes down to ${column.min}`
  const { max } = column
  return max !== null && Math.fround(max) === 0 ? 'is 0 in all rows' : null
}

/** Returns why the column cannot be added to margins, or null if it can. */
export const offsetColumnError = ({ type }: NonTextColumn): string | null =>
  type === 'category' ? 'has categories instead of numbers' : null

/** Numbers are stored as float64, which holds every integer up to it. */
const maxGroupValue = Number.MAX_SAFE_INTEGER

/** Returns why the column cannot identify groups, or null if it can. */
export function groupColumnError(column: NonTextColumn): string | null {
  if (column.type === 'category') return null
  const largest = Math.max(Math.abs(column.min ?? 0), Math.abs(column.max ?? 0))
  return largest > maxGroupValue
    ? `has numbers up to ${largest}, and above 2^53 they run together`
    : null
}

/**
 * Names the feature columns and returns those that exist and can be used. Adds an error for each of
 * the others.
 */
export function resolveFeatures(
  request: BoostingTrainingRequest,
  table: TableManifest,
  roleByColumn: ColumnRoles['roleByColumn'],
  errors: FieldErrors,
): { names: string[]; usableFeatures: NonTextColumn[] } {
  const columns = new Map(table.columns.map(column => [column.name, column]))
  for (const [i, name] of (request.features ?? []).entries()) {
    const path = `/training/features/${i}`
    const found = columns.get(name)
    if (!found) errors.add(path, 'unknown_column', unknownColumnMessage(name, table))
    else if (roleByColumn.has(name)) {
      errors.add(
        path,
        'contradiction',
        `'${name}' is the ${roleByColumn.get(name)}, and cannot be learned from`,
      )
    } else if (found.type === 'text')
      errors.add(path, 'wrong_type', textColumnMessage(name, 'a feature'))
  }
  const names = request.features ?? usableColumnNames(table, roleByColumn)
  if (names.length === 0) {
    const roles = [...roleByColumn.values()].join(', ')
    const message = `'${table.name}' has no column to learn from beside the ${roles}`
    errors.add('/training/features', 'required', message)
  }
  const found = names.map(name => columns.get(name))
  return {
    names,
    usableFeatures: found.filter(column => column !== undefined && column.type !== 'text'),
  }
}

const usableColumnNames = (
  { columns }: TableManifest,
  roleByColumn: ReadonlyMap<string, string>,
): string[] =>
  columns
    .filter(({ name, type }) => type !== 'text' && !roleByColumn.has(name))
    .map(({ name }) => name)

/** Texts are not features unless the upload declares them categories. */
export function noteTextColumns({ columns }: TableManifest, notes: Notes): void {
  const names = columns.filter(({ type }) => type === 'text').map(({ name }) => name)
  if (names.length === 0) return
  const message = `columns of text are left out of the features: ${listNames(names)}; to learn from one, upload it as a category by schema`
  notes.add('text_columns_left_out', message, names)
}

/** Python's XGBoost refuses a data frame with these names, while the C library that trains here takes them. */
export function noteBracketNames(names: readonly string[], notes: Notes): void {
  const found = names.filter(name => /[[\]<]/.test(name))
  if (found.length === 0) return
  const message = `Python's xgboost.DMatrix refuses names with [, ] or <: ${listNames(found)}; predict with booster.inplace_predict there, or rename the columns`
  notes.add('names_with_brackets', message, found)
}

/** Repeats what the upload noted about the columns that a job uses. */
export function noteUsedColumns(
  { notes: uploadNotes = [] }: TableManifest,
  names: readonly string[],
  notes: Notes,
): void {
  const used = new Set(names)
  for (const { code, message, columns } of uploadNotes) {
    const isUsed = !columns || columns.some(name => used.has(name))
    if (isUsed && code !== 'text_columns_left_out') notes.add(code, message, columns)
  }
}

const textColumnMessage = (name: string, use: string) =>
  `'${name}' holds text, which cannot be ${use}: leave it out, or upload it as a category`

const unknownColumnMessage = (name: string, { name: table, columns }: TableManifest) =>
  `'${table}' has no column '${name}'; it has ${listColumns(columns)}`

const maxListedNames = 20

function listColumns(columns: readonly { name: string }[]): string {
  return listNames(
    columns.map(({ name }) => name),
    maxListedNames,
  )
}

export const formatRowCount = (rows: number) => `${rows} ${rows === 1 ? 'row' : 'rows'}`
