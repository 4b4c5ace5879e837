import type { CastStep, DropStep, RenameStep, SelectStep } from '../../../spec/dataset-steps.js'
import { type StepErrors, unknownName } from '../step-errors.js'
import type { TableView } from './table-view.js'
import type { ViewColumn } from './view-column.js'

/** Finds a column. Adds an error if there is none, or if its values are not stored. */
export function findColumn(
  { columns, source }: TableView,
  name: string,
  field: string,
  errors: StepErrors,
): ViewColumn | null {
  const found = columns.find(column => column.name === name)
  if (found) return found
  const text = source.manifest.columns.find(column => column.name === name)
  if (text?.type === 'text') {
    const message = `'${name}' is a column of text, whose values are not stored: upload the table with schema={${JSON.stringify(name)}:"category"}`
    errors.add(field, 'wrong_type', message)
  } else {
    const names = columns.map(column => column.name)
    errors.add(field, 'unknown_column', unknownName('column', name, names))
  }
  return null
}

export function selectColumns(
  { columns }: SelectStep,
  view: TableView,
  errors: StepErrors,
): TableView {
  const found = columns.flatMap((name, i) => findColumn(view, name, `/columns/${i}`, errors) ?? [])
  return withColumns(view, found)
}

export function dropColumns({ columns }: DropStep, view: TableView, errors: StepErrors): TableView {
  const texts = view.source.manifest.columns.filter(({ type }) => type === 'text')
  for (const [i, name] of columns.entries()) {
    // columns of text are left out in any case
    if (!texts.some(column => column.name === name)) findColumn(view, name, `/columns/${i}`, errors)
  }
  const kept = view.columns.filter(({ name }) => !columns.includes(name))
  if (kept.length === 0) errors.add('/columns', 'too_long', 'no column would be left')
  return withColumns(view, kept)
}

/** The target is none if its column is dropped. */
const withColumns = (view: TableView, columns: ViewColumn[]): TableView => ({
  ...view,
  columns,
  target: columns.some(({ name }) => name === view.target) ? view.target : null,
})

export function renameColumns(
  { columns: names }: RenameStep,
  view: TableView,
  errors: StepErrors,
): TableView {
  for (const name of Object.keys(names)) findColumn(view, name, '/columns', errors)
  const newName = (name: string) => (Object.hasOwn(names, name) ? names[name]! : name)
  const columns = view.columns.map(column => ({ ...column, name: newName(column.name) }))
  checkNames(columns, '/columns', errors)
  return { ...view, columns, target: view.target === null ? null : newName(view.target) }
}

/** Adds an error for each name that two columns have. */
export function checkNames(
  columns: readonly ViewColumn[],
  field: string,
  errors: StepErrors,
): void {
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (seen.has(name)) errors.add(field, 'duplicate', `two columns would be called '${name}'`)
    if (name.trim() === '') errors.add(field, 'invalid_name', 'a column would have no name')
    seen.add(name)
  }
}

/** The values are converted when they are written, which names the first that does not fit. */
export function castColumns(
  { columns: types }: CastStep,
  view: TableView,
  errors: StepErrors,
): TableView {
  for (const name of Object.keys(types)) findColumn(view, name, '/columns', errors)
  const columns = view.columns.map(column => ({
    ...column,
    type: Object.hasOwn(types, column.name) ? types[column.name]! : column.type,
  }))
  return { ...view, columns }
}
