// Which columns of a table a boosting job predicts, learns from, and weighs or groups rows by.
import type { BoostingTrainingRequest } from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import type { Usable } from './feature-columns.js'

export type AddFlaw = (path: string, code: string, message: string) => void

type Role = 'target' | 'weights' | 'group'

export interface Roles {
  targetName: string | null
  /** Null where there is none that could be used. */
  target: Usable | null
  weights: Usable | null
  group: Usable | null
  /** The role of a column, by its name. */
  taken: ReadonlyMap<string, Role>
}

export function rolesOf(asked: BoostingTrainingRequest, table: TableManifest, add: AddFlaw): Roles {
  const columns = new Map(table.columns.map(column => [column.name, column]))
  const taken = new Map<string, Role>()
  const role = (field: Role, name: string | null | undefined): Usable | null => {
    if (name === null || name === undefined) return null
    const path = `/training/${field}`
    const other = taken.get(name)
    if (other) add(path, 'contradiction', `'${name}' is the ${other} already`)
    taken.set(name, field)
    const found = columns.get(name)
    if (!found) add(path, 'unknown_column', noColumn(name, table))
    else if (found.type === 'text') add(path, 'wrong_type', isText(name, field))
    else if (found.missing > 0) {
      const message = `${field} '${name}' has ${rowCount(found.missing)} without a value: fill them in or leave the rows out`
      add(path, 'missing_values', message)
    }
    return found && found.type !== 'text' ? found : null
  }
  const targetName = asked.target ?? table.target
  if (targetName === null) {
    const names = table.columns.filter(({ type }) => type !== 'text').map(({ name }) => name)
    const message = `training.target is missing: which of ${listed(names)} is to be predicted?`
    add('/training/target', 'required', message)
  }
  const target = role('target', targetName)
  const weights = role('weights', asked.weights)
  const trouble = weights && weightsTrouble(weights)
  if (trouble) {
    const message = `weights are numbers from 0 on, but '${weights.name}' ${trouble}`
    add('/training/weights', 'out_of_range', message)
  }
  return { targetName, target, weights, group: role('group', asked.group), taken }
}

/** Why a column cannot say how much rows count. */
export function weightsTrouble(column: Usable): string | null {
  if (column.type === 'category') return 'has categories'
  return (column.min ?? 0) < 0 ? `goes down to ${column.min}` : null
}

/** Numbers are read as float32, which tells whole ones apart up to here. */
const largestGroup = 2 ** 24

/** Why a column cannot tell groups apart. */
export function groupTrouble(column: Usable): string | null {
  if (column.type === 'category') return null
  const largest = Math.max(Math.abs(column.min ?? 0), Math.abs(column.max ?? 0))
  return largest > largestGroup
    ? `has numbers up to ${largest}, and above ${largestGroup} they run together`
    : null
}

/** `learned`: those of the names that can be. */
export function featuresOf(
  asked: BoostingTrainingRequest,
  table: TableManifest,
  taken: Roles['taken'],
  add: AddFlaw,
): { names: string[]; learned: Usable[] } {
  const columns = new Map(table.columns.map(column => [column.name, column]))
  for (const [i, name] of (asked.features ?? []).entries()) {
    const path = `/training/features/${i}`
    const found = columns.get(name)
    if (!found) add(path, 'unknown_column', noColumn(name, table))
    else if (taken.has(name)) {
      add(path, 'contradiction', `'${name}' is the ${taken.get(name)}, and cannot be learned from`)
    } else if (found.type === 'text') add(path, 'wrong_type', isText(name, 'a feature'))
  }
  const names = asked.features ?? usable(table, taken)
  if (names.length === 0) {
    const roles = [...taken.values()].join(', ')
    const message = `'${table.name}' has no column to learn from beside the ${roles}`
    add('/training/features', 'required', message)
  }
  const found = names.map(name => columns.get(name))
  return { names, learned: found.filter(column => column !== undefined && column.type !== 'text') }
}

const usable = ({ columns }: TableManifest, taken: ReadonlyMap<string, string>): string[] =>
  columns.filter(({ name, type }) => type !== 'text' && !taken.has(name)).map(({ name }) => name)

const isText = (name: string, as: string) =>
  `'${name}' holds text, which cannot be ${as}: leave it out, or upload it as a category`

const noColumn = (name: string, { name: table, columns }: TableManifest) =>
  `'${table}' has no column '${name}'; it has ${listed(columns.map(column => column.name))}`

const mostListed = 20

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostListed).map(name => `'${name}'`)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export const rowCount = (rows: number) => `${rows} ${rows === 1 ? 'row' : 'rows'}`
