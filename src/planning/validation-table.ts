import type { FieldErrors } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import type { NonTextColumn } from './feature-columns.js'
import { groupColumnError, weightColumnError } from './plan-columns.js'
import { targetRangeProblem } from './target-range.js'

interface TrainingColumns {
  target: TableColumn
  objective: BoostingObjective
  classes: Classes | null
  features: readonly TableColumn[]
  sampleWeight: NonTextColumn | null
  group: NonTextColumn | null
}

const path = '/training/validation/dataset'

/**
 * Adds an error for each reason why `other` cannot validate a model trained on `table`. Columns
 * that the model does not use may differ.
 */
export function checkValidationTable(
  table: TableManifest,
  other: TableManifest,
  { target, objective, classes, features, sampleWeight, group }: TrainingColumns,
  errors: FieldErrors,
): void {
  const otherColumns = new Map(other.columns.map(column => [column.name, column]))
  const requiredColumns = [target, sampleWeight, group].filter(column => column !== null)
  for (const expected of [...requiredColumns, ...features]) {
    const { name } = expected
    const found = otherColumns.get(name)
    if (!found) {
      errors.add(path, 'unknown_column', `'${other.name}' has no column '${name}'`)
    } else if (kindOf(found) !== kindOf(expected)) {
      errors.add(
        path,
        'type_mismatch',
        `'${name}' is ${found.type} in '${other.name}', ${expected.type} in '${table.name}'`,
      )
    } else if (requiredColumns.includes(expected) && found.missing > 0) {
      errors.add(
        path,
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
    errors.add(
      path,
      'out_of_range',
      `sampleWeight '${weightColumn.name}' ${weightProblem} in '${other.name}'`,
    )
  const groupProblem = groupColumn && groupColumnError(groupColumn)
  if (groupProblem) {
    const message = `group '${groupColumn.name}' ${groupProblem} in '${other.name}': upload both as categories`
    errors.add(path, 'out_of_range', message)
  }
  const found = otherColumns.get(target.name)
  const targetProblem = found && targetMismatch(target, found, objective, classes)
  if (targetProblem)
    errors.add(
      path,
      'class_mismatch',
      `target '${target.name}' ${targetProblem} in '${other.name}'`,
    )
}

/** Numbers, integers and booleans can stand for one another. */
const kindOf = ({ type }: TableColumn) =>
  type === 'category' || type === 'text' ? type : 'numeric'

/** Returns null for a column without numbers, which has a `type_mismatch` error already. */
const asNumericColumn = (found: TableColumn | undefined) =>
  found && found.type !== 'text' && found.type !== 'category' ? found : null

/**
 * Returns why the validation table's target does not fit, or null if it does. New categories of a
 * feature count as missing values, but new classes of the target are an error.
 */
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
  const problem = targetRangeProblem(objective, found)
  return problem && `${problem.found}, but objective ${objective} learns ${problem.learns},`
}
