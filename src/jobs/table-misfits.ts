import type { Flaw } from '../errors.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'

interface Roles {
  target: TableColumn
  features: readonly TableColumn[]
  weights: TableColumn | null
  group: TableColumn | null
}

const path = '/training/validation/dataset'

/** What a table lacks to validate what is learned from another; its further columns do not matter. */
export function tableMisfits(
  table: TableManifest,
  other: TableManifest,
  { target, features, weights, group }: Roles,
): Flaw[] {
  const there = new Map(other.columns.map(column => [column.name, column]))
  const flaws: Flaw[] = []
  const add = (code: string, message: string) => flaws.push({ path, code, message })
  const complete = [target, weights, group].filter(column => column !== null)
  for (const wanted of [...complete, ...features]) {
    const { name } = wanted
    const found = there.get(name)
    if (!found) {
      add('unknown_column', `'${other.name}' has no column '${name}'`)
    } else if (kindOf(found) !== kindOf(wanted)) {
      add(
        'type_mismatch',
        `'${name}' is ${found.type} in '${other.name}', ${wanted.type} in '${table.name}'`,
      )
    } else if (complete.includes(wanted) && found.missing > 0) {
      add(
        'missing_values',
        `'${name}' has ${found.missing} rows without a value in '${other.name}'`,
      )
    }
  }
  const found = there.get(target.name)
  if (found) flaws.push(...strangeTargets(table, target, other, found))
  return flaws
}

/** Numbers of all kinds are numbers. */
const kindOf = ({ type }: TableColumn) =>
  type === 'category' || type === 'text' ? type : 'numeric'

/** Categories of features may be new, and count as missing; those of the target may not. */
function strangeTargets(
  table: TableManifest,
  target: TableColumn,
  other: TableManifest,
  found: TableColumn,
): Flaw[] {
  if (target.type !== 'category' || found.type !== 'category') return []
  const known = new Set(target.categories)
  const strange = found.categories.filter(category => !known.has(category))
  if (strange.length === 0) return []
  const names = strange.slice(0, 5).map(category => `'${category}'`)
  const message = `target '${target.name}' is ${names.join(', ')} in '${other.name}', which '${table.name}' does not have`
  return [{ path, code: 'class_mismatch', message }]
}
