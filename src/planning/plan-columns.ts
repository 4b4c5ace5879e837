// Which columns of a table a boosting job predicts, learns from, and weighs or groups rows by.
import type { BoostingTrainingRequest } from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import type { NonTextColumn } from './feature-columns.js'

export type AddFieldError = (path: string, code: string, message: string) => void

type Role = 'target' | 'sampleWeight' | 'group'

export interface ColumnRoles {
  targetName: string | null
  /** Null where there is none that could be used. */
  target: NonTextColumn | null
  sampleWeight: NonTextColumn | null
  group: NonTextColumn | null
  /** The role of a column, by its name. */
  roleByColumn: ReadonlyMap<string, Role>
}

export function resolveRoles(
  request: BoostingTrainingRequest,
  table: TableManifest,
  addFieldError: AddFieldError,
): ColumnRoles {
  const columns = new Map(table.columns.map(column => [column.name, column]))
  const roleByColumn = new Map<string, Role>()
  const resolveRole = (field: Role, name: string | null | undefined): NonTextColumn | null => {
    if (name === null || name === undefined) return null
    const path = `/training/${field}`
    const other = roleByColumn.get(name)
    if (other) addFieldError(path, 'contradiction', `'${name}' is the ${other} already`)
    roleByColumn.set(name, field)
    const found = columns.get(name)
    if (!found) addFieldError(path, 'unknown_column', unknownColumnMessage(name, table))
    else if (found.type === 'text')
      addFieldError(path, 'wrong_type', textColumnMessage(name, field))
    else if (found.missing > 0) {
      const message = `${field} '${name}' has ${formatRowCount(found.missing)} without a value: fill them in or leave the rows out`
      addFieldError(path, 'missing_values', message)
    }
    return found && found.type !== 'text' ? found : null
  }
  const targetName = request.target ?? table.target
  if (targetName === null) {
    const names = table.columns.filter(({ type }) => type !== 'text').map(({ name }) => name)
    const message = `training.target is missing: which of ${listNames(names)} is to be predicted?`
    addFieldError('/training/target', 'required', message)
  }
  const target = resolveRole('target', targetName)
  const sampleWeight = resolveRole('sampleWeight', request.sampleWeight)
  const problem = sampleWeight && weightColumnError(sampleWeight)
  if (problem) {
    const message = `sampleWeight takes numbers from 0 on, but '${sampleWeight.name}' ${problem}`
    addFieldError('/training/sampleWeight', 'out_of_range', message)
  }
  return {
    targetName,
    target,
    sampleWeight,
    group: resolveRole('group', request.group),
    roleByColumn,
  }
}

/** Why a column cannot say how much rows count. */
export function weightColumnError(column: NonTextColumn): string | null {
  if (column.type === 'category') return 'has categories'
  return (column.min ?? 0) < 0 ? `goes down to ${column.min}` : null
}

/** Numbers are read as float32, which tells whole ones apart up to here. */
const maxGroupValue = 2 ** 24

/** Why a column cannot tell groups apart. */
export function groupColumnError(column: NonTextColumn): string | null {
  if (column.type === 'category') return null
  const largest = Math.max(Math.abs(column.min ?? 0), Math.abs(column.max ?? 0))
  return largest > maxGroupValue
    ? `has numbers up to ${largest}, and above ${maxGroupValue} they run together`
    : null
}

/** `learned`: those of the names that can be. */
export function resolveFeatures(
  request: BoostingTrainingRequest,
  table: TableManifest,
  roleByColumn: ColumnRoles['roleByColumn'],
  addFieldError: AddFieldError,
): { names: string[]; usableFeatures: NonTextColumn[] } {
  const columns = new Map(table.columns.map(column => [column.name, column]))
  for (const [i, name] of (request.features ?? []).entries()) {
    const path = `/training/features/${i}`
    const found = columns.get(name)
    if (!found) addFieldError(path, 'unknown_column', unknownColumnMessage(name, table))
    else if (roleByColumn.has(name)) {
      addFieldError(
        path,
        'contradiction',
        `'${name}' is the ${roleByColumn.get(name)}, and cannot be learned from`,
      )
    } else if (found.type === 'text')
      addFieldError(path, 'wrong_type', textColumnMessage(name, 'a feature'))
  }
  const names = request.features ?? usableColumnNames(table, roleByColumn)
  if (names.length === 0) {
    const roles = [...roleByColumn.values()].join(', ')
    const message = `'${table.name}' has no column to learn from beside the ${roles}`
    addFieldError('/training/features', 'required', message)
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

const textColumnMessage = (name: string, use: string) =>
  `'${name}' holds text, which cannot be ${use}: leave it out, or upload it as a category`

const unknownColumnMessage = (name: string, { name: table, columns }: TableManifest) =>
  `'${table}' has no column '${name}'; it has ${listNames(columns.map(column => column.name))}`

const maxListedNames = 20

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, maxListedNames).map(name => `'${name}'`)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export const formatRowCount = (rows: number) => `${rows} ${rows === 1 ? 'row' : 'rows'}`
