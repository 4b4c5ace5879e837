import type { Table } from '../../src/boosting/training-table.js'
import { TrainingFailure } from '../../src/errors.js'
import type { BoostingJob } from '../../src/spec/job.js'

/**
 * Throws `invalid` for rows from which XGBoost cannot learn, or by which it cannot judge. A plan knows
 * statistics of whole columns, but not which rows are held out.
 */
export function checkTables(
  { training, validation }: { training: Table; validation: Table | null },
  { model, training: plan }: BoostingJob,
): void {
  checkWeights(training, plan.sampleWeight, 'train on')
  if (model.objective === 'ranking') checkRelevances(training, plan.target)
  if (!validation) return
  checkWeights(validation, plan.sampleWeight, 'validate on')
  if (model.objective === 'ranking') checkRelevances(validation, plan.target)
  if (plan.earlyStopping?.metric === 'validationAuc') checkBothClasses(validation, plan)
}

function checkWeights({ sampleWeights, groups }: Table, column: string | null, use: string): void {
  if (!sampleWeights) return
  const counted = (row: number) => !groups || row === 0 || groups[row] !== groups[row - 1]
  if (sampleWeights.some((weight, row) => weight > 0 && counted(row))) return
  const which = groups ? 'the first row of every group' : 'every row'
  const message = `sampleWeight '${column}' is 0 in ${which} to ${use}: give other weights, or another validation`
  throw new TrainingFailure('invalid', message)
}

function checkRelevances({ labels }: Table, target: string): void {
  const fraction = labels.find(label => !Number.isInteger(label))
  if (fraction === undefined) return
  const message = `objective ranking learns whole relevances, but target '${target}' is ${fraction} in a row: round them, or take objective regression`
  throw new TrainingFailure('invalid', message)
}

/** The AUC compares rows of two classes. */
function checkBothClasses(
  { labels, sampleWeights, rows }: Table,
  { classes, target }: BoostingJob['training'],
): void {
  const found = new Set(labels.filter((_, row) => !sampleWeights || sampleWeights[row]! > 0))
  if (found.size > 1) return
  const [label = 0] = found
  const message = `earlyStopping goes by validationAuc, but all ${rows} validation rows have '${classes?.labels[label]}' as target '${target}', and the AUC needs both classes: hold out a share of each class (validation.by), take other validation data, or take validationLogloss`
  throw new TrainingFailure('invalid', message)
}
