import type { FieldErrors } from '../errors.js'
import type { BoostingObjective, ResolvedBoostingOptions } from '../spec/boosting-options.js'
import type { BoostingPlan } from '../spec/boosting-training.js'

const path = '/resources/workers'

/** Objectives whose leaves are quantiles of the rows in them. */
const quantileObjectives: readonly BoostingObjective[] = ['quantile', 'absoluteError']

interface PlannedRows {
  training: number
  validation: number
}

/** Adds an error for each option with which trees cannot be trained by several workers. */
export function checkBoostingWorkers(
  workers: number,
  model: ResolvedBoostingOptions,
  earlyStopping: BoostingPlan['earlyStopping'],
  rows: PlannedRows,
  errors: FieldErrors,
): void {
  if (workers === 1) return
  const several = `resources.workers is ${workers}`
  if (model.treeMethod === 'exact') {
    const message = `treeMethod exact sorts the values of all rows in one process, and ${several}: take hist or approx`
    errors.add('/model/treeMethod', 'contradiction', message)
  }
  if (quantileObjectives.includes(model.objective)) {
    const message = `with objective ${model.objective}, a leaf is a quantile of its rows, and ${several}: XGBoost would take the mean of each worker's quantile, which is another number; leave out resources.workers, or take objective huber`
    errors.add('/model/objective', 'contradiction', message)
  }
  if (earlyStopping?.metric === 'validationAuc') {
    const message = `the AUC compares all rows with each other, and ${several}, each with its share of them, so auc is not measured: take validationLogloss or validationError`
    errors.add('/training/earlyStopping/metric', 'contradiction', message)
  }
  for (const [count, use] of [
    [rows.training, 'train on'],
    [rows.validation, 'validate on'],
  ] as const) {
    // without rows there is nothing to divide, or another error
    if (count < 1 || count >= workers) continue
    const message = `${several}, but there are ${count} rows to ${use}: take fewer workers, so that each has one`
    errors.add(path, 'too_large', message)
  }
}

/** Adds an error if a job that is no network's asks for several devices. */
export function checkSingleDevice(devices: number, what: string, errors: FieldErrors): void {
  if (devices === 1) return
  const message = `resources.devices is ${devices}, and only networks are trained on several devices: ${what} on one, so leave it out`
  errors.add('/resources/devices', 'contradiction', message)
}

/** Adds an error if a job that trains nothing asks for several workers. */
export function checkSingleWorker(workers: number, what: string, errors: FieldErrors): void {
  if (workers === 1) return
  const message = `resources.workers is ${workers}, and only training is divided among several workers: ${what} in one, so leave it out`
  errors.add(path, 'contradiction', message)
}
