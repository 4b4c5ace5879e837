import type { FilterStep, SampleStep } from '../../../spec/dataset-steps.js'
import { meets, parseConditions } from '../conditions.js'
import { sampleSizes } from '../sample-size.js'
import { assignParts, countStrata, oneStratum, type Strata } from '../sampling.js'
import { type StepErrors, unknownName } from '../step-errors.js'
import { findColumn } from './column-steps.js'
import {
  countRows,
  keptValues,
  leftOutRow,
  type TableView,
  viewBatches,
  withKept,
  withoutEmptySplits,
} from './table-view.js'
import { mapValues, type ViewColumn } from './view-column.js'

export function filterRows(
  { classes, splits, where }: FilterStep,
  view: TableView,
  errors: StepErrors,
): TableView {
  if (classes) {
    const message = 'classes are those of images: for a table, give where, such as kind=rose'
    errors.add('/classes', 'wrong_kind', message)
  }
  if (!splits && !where) errors.add('', 'required', 'filter needs where or splits')
  const found = splits ? keepSplits(view, splits, errors) : view
  return where ? keepWhere(found, where, errors) : found
}

function keepSplits(view: TableView, names: readonly string[], errors: StepErrors): TableView {
  const { splitNames } = view
  for (const [i, name] of names.entries()) {
    if (splitNames.includes(name)) continue
    errors.add(`/splits/${i}`, 'unknown_split', unknownName('split', name, splitNames))
  }
  const kept = splitNames.map(name => names.includes(name))
  const splits = view.splits.map(split => (kept[split] ? split : leftOutRow))
  return withoutEmptySplits({ ...view, splits })
}

function keepWhere(view: TableView, where: readonly string[], errors: StepErrors): TableView {
  const byName = new Map(view.columns.map(column => [column.name, column]))
  const isNumber = (name: string) => ['number', 'integer'].includes(byName.get(name)!.type)
  const conditions = parseConditions(where, [...byName.keys()], isNumber, errors)
  const tests = conditions.map(each => {
    const column = byName.get(each.name)!
    return { column, holds: mapValues(column, value => meets(value, each)) }
  })
  const splits = view.splits.slice()
  for (const batch of viewBatches(view)) {
    for (const { column, holds } of tests) {
      const values = column.read(batch)
      for (let row = 0; row < batch.rows; row++) {
        if (!holds(values[row]!)) splits[batch.firstRow + row] = leftOutRow
      }
    }
  }
  return withoutEmptySplits({ ...view, splits })
}

export function sampleRows(step: SampleStep, view: TableView, errors: StepErrors): TableView {
  const { by = 'random', column: name, seed = 1 } = step
  if (by === 'random' && name !== undefined) {
    errors.add('/column', 'contradiction', 'a column goes with by class: give it, or leave it out')
  }
  const column = by === 'class' ? classColumn(view, name, errors) : null
  const strata = column ? classStrata(view, column) : oneStratum(countRows(view))
  const parts = assignParts(strata, [sampleSizes(step, countStrata(strata), errors)], seed)
  return withKept(
    view,
    parts.map(part => (part === 0 ? 1 : 0)),
  )
}

/** The column of the classes: the one that a step names, or the target. */
export function classColumn(
  view: TableView,
  name: string | undefined,
  errors: StepErrors,
): ViewColumn | null {
  const found = name ?? view.target
  if (found !== null) return findColumn(view, found, '/column', errors)
  errors.add('/column', 'required', 'by class needs a column, since the table has no target')
  return null
}

/** The rows that are kept by their values in a column; those without a value are a stratum, too. */
export function classStrata(view: TableView, column: ViewColumn): Strata {
  const numbers = new Map<number, number>()
  const values = keptValues(view, column)
  const of = Uint32Array.from(values, value => {
    // a Map finds NaN, too
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
  return { of, count: numbers.size }
}
