import type { FieldErrors } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import { type Classes, classIndex } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'
import { listNames, type Notes } from '../spec/notes.js'
import { expectedTarget, mapColumn } from './column-mapping.js'
import type { NonTextColumn } from './feature-columns.js'
import {
  groupColumnError,
  offsetColumnError,
  weightColumnError,
  withoutTargetMessage,
} from './plan-columns.js'
import { targetRangeProblem } from './target-range.js'

interface TrainingColumns {
  target: NonTextColumn
  objective: BoostingObjective
  classes: Classes | null
  features: readonly FeatureColumn[]
  sampleWeight: NonTextColumn | null
  group: NonTextColumn | null
  offset: NonTextColumn | null
}

const path = '/training/validation/dataset'

/**
 * Adds an error for each reason why `other` cannot validate a model trained on `table`. Its columns are
 * read by the types of `table`, and categories are matched by name. Columns that the model does not use
 * may differ.
 */
export function checkValidationTable(
  table: TableManifest,
  other: TableManifest,
  { target, objective, classes, features, ...roles }: TrainingColumns,
  errors: FieldErrors,
  notes: Notes,
): void {
  const otherColumns = new Map(other.columns.map(column => [column.name, column]))
  const find = (name: string): TableColumn | null => {
    const found = otherColumns.get(name)
    if (!found) errors.add(path, 'unknown_column', `'${other.name}' has no column '${name}'`)
    return found ?? null
  }
  checkTarget(table, other, { target, objective, classes }, find(target.name), errors, notes)
  for (const role of ['sampleWeight', 'group', 'offset'] as const) {
    const column = roles[role]
    const found = column && find(column.name)
    if (found) checkRole(role, column, found, other, errors)
  }
  const trainingTypes = new Map(table.columns.map(({ name, type }) => [name, type]))
  const readOtherwise: string[] = []
  const unknown: [name: string, categories: string[]][] = []
  for (const expected of features) {
    const { name } = expected
    const found = find(name)
    if (!found) continue
    const mapped = mapColumn(expected, found, other.records)
    if ('problem' in mapped) {
      const message = `'${name}' ${mapped.problem} (in '${other.name}', where '${table.name}' has ${expected.type})`
      errors.add(path, 'type_mismatch', message)
    } else if (isCategory(trainingTypes.get(name)) !== isCategory(found.type))
      readOtherwise.push(name)
    if (found.type !== 'category' || !expected.categories) continue
    const categories = unknownNames(expected.categories, found.categories)
    if (categories.length > 0) unknown.push([name, categories])
  }
  if (readOtherwise.length > 0) {
    const message = `columns of '${other.name}' have other types than in '${table.name}' and are read as there: ${listNames(readOtherwise)}`
    notes.add('validation_read_as_training', message, readOtherwise)
  }
  if (unknown.length > 0) {
    const lists = unknown
      .slice(0, 5)
      .map(([name, categories]) => `'${name}': ${listNames(categories, 5)}`)
    const message = `categories of '${other.name}' that '${table.name}' lacks count as missing: ${lists.join('; ')}`
    notes.add(
      'validation_categories_unknown',
      message,
      unknown.map(([name]) => name),
    )
  }
}

const isCategory = (type: TableColumn['type'] | undefined) => type === 'category'

const unknownNames = (known: readonly string[], found: readonly string[]) => {
  const names = new Set(known)
  return found.filter(name => !names.has(name))
}

function checkTarget(
  table: TableManifest,
  other: TableManifest,
  { target, objective, classes }: Pick<TrainingColumns, 'target' | 'objective' | 'classes'>,
  found: TableColumn | null,
  errors: FieldErrors,
  notes: Notes,
): void {
  if (!found) return
  const { name } = target
  if (found.missing === other.records) {
    errors.add(path, 'missing_values', `'${name}' has no value in any row of '${other.name}'`)
    return
  }
  if (found.missing > 0) {
    notes.add('rows_without_target', withoutTargetMessage(other, found), [name])
  }
  const mapped = mapColumn(expectedTarget(target, classes), found, other.records)
  if ('problem' in mapped) {
    const message = `target '${name}' ${mapped.problem} (in '${other.name}', where '${table.name}' has ${target.type})`
    errors.add(path, 'type_mismatch', message)
    return
  }
  const problem = targetMismatch(target, found, mapped.map, objective, classes)
  errors.addIf(
    path,
    'class_mismatch',
    problem && `target '${name}' ${problem} in '${other.name}', unlike in '${table.name}'`,
  )
}

const roleProblems = {
  sampleWeight: weightColumnError,
  group: groupColumnError,
  offset: offsetColumnError,
}

function checkRole(
  role: keyof typeof roleProblems,
  { name, type }: NonTextColumn,
  found: TableColumn,
  { name: table }: TableManifest,
  errors: FieldErrors,
): void {
  if (found.type === 'text') {
    const message = `'${name}' is text in '${table}', expected ${type}: upload it with schema={${JSON.stringify(name)}:"${type}"}`
    errors.add(path, 'type_mismatch', message)
    return
  }
  if (found.missing > 0) {
    const message = `'${name}' has ${found.missing} rows without a value in '${table}'`
    errors.add(path, 'missing_values', message)
  }
  const problem = roleProblems[role](found)
  const remedy = role === 'group' ? ': upload both as categories' : ''
  const message = problem && `${role} '${name}' ${problem} in '${table}'${remedy}`
  errors.addIf(path, 'out_of_range', message)
}

/**
 * Returns why the validation table's target does not fit, or null if it does. New categories of a
 * feature count as missing values, but new classes of the target are an error.
 */
function targetMismatch(
  target: NonTextColumn,
  found: TableColumn,
  map: ((value: number) => number) | null,
  objective: BoostingObjective,
  classes: Classes | null,
): string | null {
  if (found.type === 'text') return null
  if (classes) return classMismatch(target, found, map, classes)
  const values = found.type === 'category' ? found.categories.map((_, code) => map!(code)) : []
  const range =
    found.type === 'category' ? { min: Math.min(...values), max: Math.max(...values) } : found
  const problem = targetRangeProblem(objective, range)
  return problem && `${problem.found}, but objective ${objective} learns ${problem.learns},`
}

/** The trainer checks values between the smallest and the largest, which the manifest does not list. */
function classMismatch(
  target: NonTextColumn,
  found: NonTextColumn,
  map: ((value: number) => number) | null,
  classes: Classes,
): string | null {
  const isClass = (value: number) => {
    const index = classIndex(map ? map(value) : Math.fround(value), classes)
    return index >= 0 && index < classes.labels.length && Number.isInteger(index)
  }
  if (found.type === 'category') {
    const unknown = found.categories.filter((_, code) => !isClass(code))
    return unknown.length === 0 ? null : `is ${listNames(unknown, 5)}`
  }
  const name = (value: number) => (found.type === 'boolean' ? value === 1 : value)
  const ends = [...new Set([found.min ?? 0, found.max ?? 0])]
  const unknown = ends.filter(value => !isClass(Math.fround(value)))
  if (unknown.length > 0) {
    const known = target.type === 'category' ? 'none of the categories' : 'no class'
    return `is ${unknown.map(name).join(' and ')}, ${known},`
  }
  if ((found.distinct ?? 0) > classes.labels.length) {
    return `has ${found.distinct} different values, more than the ${classes.labels.length} classes,`
  }
  return null
}
