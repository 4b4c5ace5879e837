import type { SplitKind, SplitStep } from '../../../spec/dataset-steps.js'
import { apportionParts, assignParts, countStrata, oneStratum } from '../sampling.js'
import { orderSplits, restSplit, splitShares } from '../split-names.js'
import { lastInTime, wholeGroups } from '../split-units.js'
import type { StepErrors } from '../step-errors.js'
import { findColumn } from './column-steps.js'
import { classColumn, classStrata } from './row-steps.js'
import { countRows, isKept, keptValues, type TableView } from './table-view.js'
import type { ViewColumn } from './view-column.js'

/** Divides the rows into splits. */
export function splitRows(step: SplitStep, view: TableView, errors: StepErrors): TableView {
  const { names, shares } = splitShares(step, errors)
  const by = step.by ?? defaultKind(view)
  const rows = countRows(view)
  const column = splitColumn(step, by, view, errors)
  errors.throwIfAny()
  const parts = partsOf(by, column, view, rows, shares, step.seed ?? 1)
  const partNames = [...names, restSplit]
  const splitNames = orderSplits(partNames)
  const indices = partNames.map(name => splitNames.indexOf(name))
  let at = 0
  const splits = view.splits.map(split => (isKept(split) ? indices[parts[at++]!]! : split))
  for (const [part, name] of partNames.entries()) {
    if (parts.includes(part)) continue
    const message = `there would be no row in the split '${name}' of ${rows} rows: give other shares`
    errors.add('/shares', 'too_small', message)
  }
  return { ...view, splits, splitNames }
}

function defaultKind({ columns, target }: TableView): SplitKind {
  const type = columns.find(({ name }) => name === target)?.type
  return type === 'category' || type === 'boolean' ? 'class' : 'random'
}

function splitColumn(
  { column: name }: SplitStep,
  by: SplitKind,
  view: TableView,
  errors: StepErrors,
): ViewColumn | null {
  if (by === 'class') return classColumn(view, name, errors)
  if (name !== undefined && by !== 'random') return findColumn(view, name, '/column', errors)
  if (by === 'group') errors.add('/column', 'required', 'by group needs the column of the groups')
  else if (name !== undefined) {
    const message = 'a column goes with by class, group or time: give one of them'
    errors.add('/column', 'contradiction', message)
  }
  return null
}

/** The part of each row that is kept: an index into `shares`, or their number for the rest. */
function partsOf(
  by: SplitKind,
  column: ViewColumn | null,
  view: TableView,
  rows: number,
  shares: readonly number[],
  seed: number,
): Uint8Array {
  if (by === 'time') return lastInTime(column ? keptValues(view, column) : null, rows, shares)
  if (by === 'group') return wholeGroups(classStrata(view, column!), shares, seed)
  const strata = by === 'class' ? classStrata(view, column!) : oneStratum(rows)
  return assignParts(strata, apportionParts(countStrata(strata), shares), seed)
}
