import type { SplitKind, SplitStep } from '../../../spec/dataset-steps.js'
import { apportionParts, assignParts, countStrata, oneStratum } from '../sampling.js'
import { orderSplits, restSplit, splitShares } from '../split-names.js'
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

function wholeGroups(
  groups: { of: ArrayLike<number>; count: number },
  shares: readonly number[],
  seed: number,
): Uint8Array {
  const one = oneStratum(groups.count)
  const parts = assignParts(one, apportionParts([groups.count], shares), seed)
  return Uint8Array.from(groups.of, group => parts[group]!)
}

/**
 * The rows with the largest values are the last part, those before them the part before. Rows of one time are not
 * separated, and those without a value come first. Without values, the order of the rows is that of time.
 */
function lastInTime(
  values: Float64Array | null,
  rows: number,
  shares: readonly number[],
): Uint8Array {
  const times = Float64Array.from({ length: rows }, (_, row) => {
    const value = values ? values[row]! : row
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  })
  const sorted = times.toSorted()
  const parts = new Uint8Array(rows).fill(shares.length)
  let end = rows
  for (let part = shares.length - 1; part >= 0; part--) {
    const wanted = Math.max(1, Math.round(shares[part]! * rows))
    const from = Math.max(0, end - wanted)
    // all rows of the time that begins the part belong to it
    const start = sorted[from]!
    const first = lowerBound(sorted, start)
    const below = end < rows ? sorted[end]! : Number.POSITIVE_INFINITY
    for (let row = 0; row < rows; row++) {
      if (times[row]! >= start && (times[row]! < below || end === rows)) parts[row] = part
    }
    end = first
    if (end === 0) break
  }
  return parts
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
