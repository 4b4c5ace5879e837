import type { FieldError } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import type { NonTextColumn } from './feature-columns.js'
import { maxRelevance } from './plan-classes.js'
import { groupColumnError, weightColumnError } from './plan-columns.js'

interface TrainingColumns {
  target: TableColumn
  objective: BoostingObjective
  classes: Classes | null
  features: readonly TableColumn[]
  sampleWeight: NonTextColumn | null
  group: NonTextColumn | null
}

const path = '/training/validation/dataset'

/** What a table lacks to validate what is learned from another; its further columns do not matter. */
export function validationTableErrors(
  table: TableManifest,
  other: TableManifest,
  { target, objective, classes, features, sampleWeight, group }: TrainingColumns,
): FieldError[] {
  const otherColumns = new Map(other.columns.map(column => [column.name, column]))
  const fieldErrors: FieldError[] = []
  const addFieldError = (code: string, message: string) => fieldErrors.push({ path, code, message })
  const requiredColumns = [target, sampleWeight, group].filter(column => column !== null)
  for (const expected of [...requiredColumns, ...features]) {
    const { name } = expected
    const found = otherColumns.get(name)
    if (!found) {
      addFieldError('unknown_column', `'${other.name}' has no column '${name}'`)
    } else if (kindOf(found) !== kindOf(expected)) {
      addFieldError(
        'type_mismatch',
        `'${name}' is ${found.type} in '${other.name}', ${expected.type} in '${table.name}'`,
      )
    } else if (requiredColumns.includes(expected) && found.missing > 0) {
      addFieldError(
        'missing_values',
        `'${name}' has ${found.missing} rows without a value in '${other.name}'`,
      )
    }
  }
  const numericColumnLike = (expected: NonTextColumn | null) =>
    expected && asNumericColumn(otherColumns.get(expected.name))
  const [weightColumn, groupColumn] = [numericColumnLike(sampleWeight), numericColumnLike(group)]
  const weightProblem = weightColumn && weightColumnError(weightColumn)
  if (weightProblem)
    addFieldError(
      'out_of_range',
      `sampleWeight '${weightColumn.name}' ${weightProblem} in '${other.name}'`,
    )
  const groupProblem = groupColumn && groupColumnError(groupColumn)
  if (groupProblem) {
    const message = `group '${groupColumn.name}' ${groupProblem} in '${other.name}': upload both as categories`
    addFieldError('out_of_range', message)
  }
  const found = otherColumns.get(target.name)
  const targetProblem = found && targetMismatch(target, found, objective, classes)
  if (targetProblem)
    addFieldError('class_mismatch', `target '${target.name}' ${targetProblem} in '${other.name}'`)
  return fieldErrors
}

/** Numbers of all kinds are numbers. */
const kindOf = ({ type }: TableColumn) =>
  type === 'category' || type === 'text' ? type : 'numeric'

/** Where there should be numbers and are none, the kinds differ, which is said already. */
const asNumericColumn = (found: TableColumn | undefined) =>
  found && found.type !== 'text' && found.type !== 'category' ? found : null

/** Categories of features may be new, and count as missing; classes may not. */
function targetMismatch(
  target: TableColumn,
  found: TableColumn,
  objective: BoostingObjective,
  classes: Classes | null,
): string | null {
  if (target.type === 'category' && found.type === 'category') {
    const known = new Set(target.categories)
    const unknown = found.categories.filter(category => !known.has(category))
    const names = unknown.slice(0, 5).map(category => `'${category}'`)
    return unknown.length === 0 ? null : `is ${names.join(', ')}`
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
  const isNonNegative = objective === 'poisson' || objective === 'ranking'
  if (isNonNegative && (found.min ?? 0) < 0) return `goes down to ${found.min}`
  const tooLarge = objective === 'ranking' && (found.max ?? 0) > maxRelevance
  return tooLarge ? `goes up to ${found.max}, beyond ${maxRelevance},` : null
}
