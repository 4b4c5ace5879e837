import type { FieldErrors } from '../errors.js'
import { findContradictions } from '../spec/boosting-contradictions.js'
import {
  type BoostingObjective,
  type ResolvedBoostingOptions,
  resolveBoostingOptions,
} from '../spec/boosting-options.js'
import {
  type BoostingOptionWithoutDefault,
  type BoostingPlan,
  BoostingTrainingOptions,
  type BoostingTrainingRequest,
} from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import type { BoostingJobRequest } from '../spec/job.js'
import type { Notes } from '../spec/notes.js'
import { devicesOf, workersOf } from '../spec/resources.js'
import type { TableSplitPlan } from '../spec/validation-split.js'
import { withDefaults } from '../spec/with-defaults.js'
import {
  checkCategorical,
  featureColumns,
  type NonTextColumn,
  withCategoryCounts,
} from './feature-columns.js'
import { defaultObjective, noteEmptyClasses, planClasses } from './plan-classes.js'
import {
  formatRowCount,
  groupColumnError,
  noteBracketNames,
  noteTextColumns,
  noteUsedColumns,
  resolveFeatures,
  resolveRoles,
} from './plan-columns.js'
import { planEarlyStopping } from './plan-early-stopping.js'
import type { PlannedParts } from './plan-parts.js'
import { checkOffset, planBoostingClassWeights } from './plan-row-options.js'
import { countHeldOut, planSplit, withoutSplitColumn } from './plan-split.js'
import { checkBoostingWorkers, checkSingleDevice } from './plan-workers.js'
import { checkValidationTable } from './validation-table.js'

/**
 * Fills in every option of a boosting job. Adds an error for each option that does not fit the
 * others or the tables.
 */
export function planBoosting(
  request: BoostingJobRequest,
  {
    training: table,
    validation,
    validationPlan,
    split: trainedSplits,
  }: PlannedParts<TableManifest>,
  errors: FieldErrors,
  notes: Notes,
): { model: ResolvedBoostingOptions; training: BoostingPlan } {
  const trainingRequest = request.training ?? {}
  const { split: _, ...options } = withDefaults<
    typeof BoostingTrainingOptions,
    BoostingOptionWithoutDefault
  >(BoostingTrainingOptions, trainingRequest)
  const roles = resolveRoles(trainingRequest, table, errors, notes)
  const { targetName, target, sampleWeight, group, offset } = roles
  const objective =
    request.model.objective ??
    (target ? defaultObjective(target, table.records, notes) : 'regression')
  const model = resolveBoostingOptions(request.model, objective)
  checkGroup(objective, trainingRequest, group, errors)
  checkOffset(offset, request.model, objective, errors)

  const split: TableSplitPlan =
    validationPlan ??
    planSplit(
      options.validation,
      { table, objective, targetName, groupName: trainingRequest.group ?? null },
      errors,
    )
  const { names, usableFeatures } = resolveFeatures(
    trainingRequest,
    withoutSplitColumn(table, split, trainingRequest.features, notes),
    roles.roleByColumn,
    errors,
  )
  if (!trainingRequest.features) noteTextColumns(table, notes)
  noteBracketNames(names, notes)
  noteUsedColumns(table, targetName === null ? names : [targetName, ...names], notes)
  checkCategorical(usableFeatures, model.categorical, errors)
  const features = withCategoryCounts(usableFeatures, model.categorical)
  const found = findContradictions({ ...request.model, objective }, features)
  for (const { field, code, message } of found) errors.add(`/model/${field}`, code, message)
  if (target) noteHuberSlope(model, target, notes)
  const classes = target ? planClasses(objective, target, errors) : null
  if (target) noteEmptyClasses(classes, target, notes)
  if (validation && target) {
    const columns = {
      target,
      objective,
      classes,
      features: featureColumns(usableFeatures, model.categorical),
      sampleWeight,
      group,
      offset,
    }
    checkValidationTable(table, validation, columns, errors, notes)
  }

  // rows without a target are left out
  const missing = target?.missing ?? 0
  const targetRows = table.records - (missing < table.records ? missing : 0)
  const heldOut = countHeldOut(split, table.name, targetRows, notes)
  const rows = targetRows - heldOut
  if (rows < 1) {
    const message = `'${table.name}' has ${formatRowCount(table.records)}, of which none is left to train on`
    errors.add('/training/validation', 'too_large', message)
  }
  const earlyStopping = planEarlyStopping(
    objective,
    options.earlyStopping,
    trainingRequest,
    { table, target, group, validation, heldOut },
    errors,
  )
  const counted = { training: rows, validation: validation?.records ?? heldOut }
  checkBoostingWorkers(workersOf(request), model, earlyStopping, counted, errors)
  checkSingleDevice(devicesOf(request), 'trees are trained', errors)
  const training: BoostingPlan = {
    ...options,
    steps: model.rounds,
    target: targetName ?? '',
    features: names,
    sampleWeight: options.sampleWeight ?? null,
    group: options.group ?? null,
    classes,
    classWeights: planBoostingClassWeights(
      trainingRequest,
      request.model,
      objective,
      classes,
      errors,
    ),
    offset: options.offset ?? null,
    ...(trainedSplits && { split: trainedSplits }),
    validation: split,
    earlyStopping,
    checkpointEvery: options.checkpointEvery ?? null,
    checkpointSeconds: options.checkpointSeconds ?? null,
    rows,
  }
  return { model, training }
}

function checkGroup(
  objective: BoostingObjective,
  trainingRequest: BoostingTrainingRequest,
  group: NonTextColumn | null,
  errors: FieldErrors,
): void {
  const path = '/training/group'
  if (objective === 'ranking' && trainingRequest.group === undefined) {
    errors.add(
      path,
      'required',
      'objective ranking compares rows of one query: name the column that they share as group',
    )
  }
  if (objective !== 'ranking' && trainingRequest.group !== undefined) {
    errors.add(
      path,
      'contradiction',
      `a group goes with objective ranking, and this is ${objective}: leave out group`,
    )
  }
  const problem = group && groupColumnError(group)
  if (problem) {
    errors.add(path, 'out_of_range', `group '${group.name}' ${problem}: upload it as a category`)
  }
}

/** A usual error is about a quarter of the range, and at 2.4 slopes a round of rate 0.3 makes it larger. */
const maxSlopesOfRange = 8

/** XGBoost divides by the second derivative, which is next to 0 for errors that are much larger than the slope. */
function noteHuberSlope(
  { huberSlope }: ResolvedBoostingOptions,
  target: NonTextColumn,
  notes: Notes,
): void {
  if (huberSlope === undefined || target.type === 'category') return
  const { name, min, max } = target
  if (min === null || max === null || max - min <= maxSlopesOfRange * huberSlope) return
  const message = `huberSlope is ${huberSlope}, and target '${name}' goes from ${min} to ${max}: where most errors are much larger than the slope, XGBoost's rounds overshoot; set model.huberSlope to the size of a usual error, or take objective absoluteError`
  notes.add('huber_slope_small', message, [name])
}
