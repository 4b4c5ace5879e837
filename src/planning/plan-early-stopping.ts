import type { FieldErrors } from '../errors.js'
import { objectiveValidationMetrics } from '../spec/boosting-metrics.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { BoostingPlan, BoostingTrainingRequest } from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import type { NonTextColumn } from './feature-columns.js'
import { onlyValue } from './plan-columns.js'

const path = '/training/earlyStopping'

export interface EarlyStoppingData {
  table: TableManifest
  target: NonTextColumn | null
  group: NonTextColumn | null
  validation: TableManifest | null
  /** Rows of `table` that are held out; 0 if there is another table to validate on. */
  heldOut: number
}

/**
 * Fills in the metric of `earlyStopping`, which depends on the objective; it has the other defaults already.
 * Adds an error for each field that does not fit the objective, and if there is nothing to measure by.
 */
export function planEarlyStopping(
  objective: BoostingObjective,
  earlyStopping: BoostingTrainingRequest['earlyStopping'],
  { exportBest }: BoostingTrainingRequest,
  data: EarlyStoppingData,
  errors: FieldErrors,
): BoostingPlan['earlyStopping'] {
  if (!earlyStopping) {
    const message =
      'which round is best is judged by earlyStopping: give it, or leave out exportBest'
    if (exportBest) errors.add('/training/exportBest', 'contradiction', message)
    return null
  }
  const nothing = nothingToMeasureBy(objective, data)
  errors.addIf(
    path,
    'contradiction',
    nothing && `earlyStopping needs something to measure by, but ${nothing}`,
  )
  const metrics = objectiveValidationMetrics(objective)
  const { metric = metrics[0]! } = earlyStopping
  if (!metrics.includes(metric)) {
    const message = `objective ${objective} does not measure ${metric}, but ${metrics.join(', ')}`
    errors.add(`${path}/metric`, 'contradiction', message)
  } else if (metric === 'validationAuc' && !nothing) {
    const problem = aucProblem(data)
    errors.addIf(
      `${path}/metric`,
      'contradiction',
      problem &&
        `validationAuc compares rows of two classes, but ${problem}: take validationLogloss`,
    )
  }
  return { ...earlyStopping, metric } as BoostingPlan['earlyStopping']
}

function nothingToMeasureBy(
  objective: BoostingObjective,
  { group, validation, heldOut }: EarlyStoppingData,
): string | null {
  if (validation) return null
  if (heldOut === 0) return 'nothing is held out: give validation'
  return objective === 'ranking' && group?.distinct === 1
    ? `whole groups are held out, and '${group.name}' has one only: give validation as another data set`
    : null
}

/** Returns why the rows to validate on can never have both classes, or null. The trainer checks the rows themselves. */
function aucProblem({ table, target, validation, heldOut }: EarlyStoppingData): string | null {
  if (!target) return null
  const { name } = target
  if (validation) {
    const found = validation.columns.find(column => column.name === name)
    const only = found && found.type !== 'text' ? onlyValue(found) : null
    return only === null ? null : `'${name}' is ${only} in all rows of '${validation.name}'`
  }
  if (heldOut < 2) return 'one row is held out'
  const smallest = smallestCount(target, table.records)
  return smallest === 1
    ? `one class of '${name}' has a single row, to train or to validate on`
    : null
}

/** The number of rows of the smaller one of two classes. */
function smallestCount(target: NonTextColumn, records: number): number {
  if (target.type === 'category') return Math.min(...target.counts)
  const { min, max, mean, missing } = target
  if (min === null || max === null || mean === null || min === max) return 0
  const rows = records - missing
  const larger = Math.round(((mean - min) / (max - min)) * rows)
  return Math.min(larger, rows - larger)
}
