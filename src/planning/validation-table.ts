import type { Flaw } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import type { Usable } from './feature-columns.js'
import { mostRelevance } from './plan-classes.js'
import { groupTrouble, weightsTrouble } from './plan-columns.js'

interface Roles {
  target: TableColumn
  objective: BoostingObjective
  classes: Classes | null
  features: readonly TableColumn[]
  weights: Usable | null
  group: Usable | null
}

const path = '/training/validation/dataset'

/** What a table lacks to validate what is learned from another; its further columns do not matter. */
export function tableMisfits(
  table: TableManifest,
  other: TableManifest,
  { target, objective, classes, features, weights, group }: Roles,
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
  const twin = (wanted: Usable | null) => wanted && numbersOf(there.get(wanted.name))
  const [weighing, grouping] = [twin(weights), twin(group)]
  const light = weighing && weightsTrouble(weighing)
  if (light) add('out_of_range', `weights '${weighing.name}' ${light} in '${other.name}'`)
  const blurred = grouping && groupTrouble(grouping)
  if (blurred) {
    const message = `group '${grouping.name}' ${blurred} in '${other.name}': upload both as categories`
    add('out_of_range', message)
  }
  const found = there.get(target.name)
  const strange = found && strangeTarget(target, found, objective, classes)
  if (strange) add('class_mismatch', `target '${target.name}' ${strange} in '${other.name}'`)
  return flaws
}

/** Numbers of all kinds are numbers. */
const kindOf = ({ type }: TableColumn) =>
  type === 'category' || type === 'text' ? type : 'numeric'

/** Where there should be numbers and are none, the kinds differ, which is said already. */
const numbersOf = (found: TableColumn | undefined) =>
  found && found.type !== 'text' && found.type !== 'category' ? found : null

/** Categories of features may be new, and count as missing; classes may not. */
function strangeTarget(
  target: TableColumn,
  found: TableColumn,
  objective: BoostingObjective,
  classes: Classes | null,
): string | null {
  if (target.type === 'category' && found.type === 'category') {
    const known = new Set(target.categories)
    const strange = found.categories.filter(category => !known.has(category))
    const names = strange.slice(0, 5).map(category => `'${category}'`)
    return strange.length === 0 ? null : `is ${names.join(', ')}`
  }
  if (found.type === 'category' || found.type === 'text') return null
  if (classes) {
    const last = classes.base + classes.labels.length - 1
    if (found.type === 'number') return 'has fractions, which are no classes,'
    const within = (found.min ?? classes.base) >= classes.base && (found.max ?? last) <= last
    return within
      ? null
      : `goes from ${found.min} to ${found.max}, beyond ${classes.base} to ${last},`
  }
  const counts = objective === 'poisson' || objective === 'ranking'
  if (counts && (found.min ?? 0) < 0) return `goes down to ${found.min}`
  const beyond = objective === 'ranking' && (found.max ?? 0) > mostRelevance
  return beyond ? `goes up to ${found.max}, beyond ${mostRelevance},` : null
}
