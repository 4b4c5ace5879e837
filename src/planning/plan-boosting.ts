// A boosting job's plan: defaults from the table, and what cannot be trained on it.
import type { FieldError } from '../errors.js'
import { contradictions } from '../spec/boosting-contradictions.js'
import { objectiveValidationMetrics } from '../spec/boosting-metrics.js'
import {
  type BoostingObjective,
  type ResolvedBoostingOptions,
  resolveBoostingOptions,
} from '../spec/boosting-options.js'
import {
  BoostingEarlyStopping,
  type BoostingPlan,
  type BoostingTrainingRequest,
} from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import { withCategoryCount } from '../spec/feature-column.js'
import type { BoostingJobRequest } from '../spec/job.js'
import { featureColumns, type NonTextColumn } from './feature-columns.js'
import { defaultObjective, planClasses } from './plan-classes.js'
import {
  type AddFieldError,
  formatRowCount,
  groupColumnError,
  resolveFeatures,
  resolveRoles,
} from './plan-columns.js'
import { withDefaults } from './plan-training.js'
import { validationTableErrors } from './validation-table.js'

const defaults = {
  share: 0.1,
  seed: 1,
  logEvery: 1,
  keepCheckpoints: 3,
}

export interface BoostingPlanResult {
  model: ResolvedBoostingOptions
  training: BoostingPlan
  fieldErrors: FieldError[]
}

export function planBoosting(
  request: BoostingJobRequest,
  table: TableManifest,
  validation: TableManifest | null,
): BoostingPlanResult {
  const trainingRequest = request.training ?? {}
  const fieldErrors: FieldError[] = []
  const addFieldError: AddFieldError = (path, code, message) =>
    fieldErrors.push({ path, code, message })

  const roles = resolveRoles(trainingRequest, table, addFieldError)
  const { target, sampleWeight, group } = roles
  const objective =
    request.model.objective ?? (target ? defaultObjective(target) : ('regression' as const))
  const model = resolveBoostingOptions(request.model, objective)
  checkGroup(objective, trainingRequest, group, addFieldError)

  const { names, usableFeatures } = resolveFeatures(
    trainingRequest,
    table,
    roles.roleByColumn,
    addFieldError,
  )
  const converted = featureColumns(usableFeatures, model.categorical)
  fieldErrors.push(...converted.fieldErrors)
  const categoryCounts = converted.columns.map(withCategoryCount)
  for (const { field, code, message } of contradictions(request.model, categoryCounts)) {
    addFieldError(`/model/${field}`, code, message)
  }
  const { classes, fieldErrors: targetErrors } = target
    ? planClasses(objective, target)
    : { classes: null, fieldErrors: [] }
  fieldErrors.push(...targetErrors)
  if (validation && target) {
    const required = { target, objective, classes, features: usableFeatures, sampleWeight, group }
    fieldErrors.push(...validationTableErrors(table, validation, required))
  }

  const share =
    typeof trainingRequest.validation === 'number' ? trainingRequest.validation : defaults.share
  const heldOut = validation ? 0 : Math.round(share * table.records)
  if (table.records - heldOut < 1) {
    const message = `'${table.name}' has ${formatRowCount(table.records)}, of which none is left to train on`
    addFieldError('/training/validation', 'too_large', message)
  }
  checkEarlyStopping(objective, trainingRequest, validation !== null || heldOut > 0, addFieldError)
  const training: BoostingPlan = {
    steps: model.rounds,
    target: roles.targetName ?? '',
    features: names,
    sampleWeight: trainingRequest.sampleWeight ?? null,
    group: trainingRequest.group ?? null,
    classes,
    validation: validation ? { dataset: validation.id } : { fraction: share },
    earlyStopping: resolveEarlyStopping(objective, trainingRequest),
    exportBest: trainingRequest.exportBest ?? true,
    seed: trainingRequest.seed ?? defaults.seed,
    logEvery: trainingRequest.logEvery ?? defaults.logEvery,
    checkpointEvery: trainingRequest.checkpointEvery ?? null,
    checkpointSeconds: trainingRequest.checkpointSeconds ?? null,
    keepCheckpoints: trainingRequest.keepCheckpoints ?? defaults.keepCheckpoints,
    rows: table.records - heldOut,
  }
  return { model, training, fieldErrors }
}

function resolveEarlyStopping(
  objective: BoostingObjective,
  { earlyStopping }: BoostingTrainingRequest,
): BoostingEarlyStopping | null {
  if (!earlyStopping) return null
  const [first] = objectiveValidationMetrics(objective)
  return withDefaults(BoostingEarlyStopping, { metric: first!, ...earlyStopping })
}

function checkGroup(
  objective: BoostingObjective,
  trainingRequest: BoostingTrainingRequest,
  group: NonTextColumn | null,
  addFieldError: AddFieldError,
): void {
  const path = '/training/group'
  if (objective === 'ranking' && trainingRequest.group === undefined) {
    addFieldError(
      path,
      'required',
      'objective ranking compares rows of one query: name the column that they share as group',
    )
  }
  if (objective !== 'ranking' && trainingRequest.group !== undefined) {
    addFieldError(
      path,
      'contradiction',
      `a group goes with objective ranking, and this is ${objective}: leave out group`,
    )
  }
  const problem = group && groupColumnError(group)
  if (problem) {
    addFieldError(path, 'out_of_range', `group '${group.name}' ${problem}: upload it as a category`)
  }
}

function checkEarlyStopping(
  objective: BoostingObjective,
  { earlyStopping, exportBest }: BoostingTrainingRequest,
  hasValidation: boolean,
  addFieldError: AddFieldError,
): void {
  const path = '/training/earlyStopping'
  if (earlyStopping && !hasValidation) {
    addFieldError(
      path,
      'contradiction',
      'earlyStopping needs something to measure by, but nothing is held out: give validation',
    )
  }
  if (exportBest && !earlyStopping) {
    addFieldError(
      '/training/exportBest',
      'contradiction',
      'which round is best is judged by earlyStopping: give it, or leave out exportBest',
    )
  }
  const metrics: readonly string[] = objectiveValidationMetrics(objective)
  const metric = earlyStopping?.metric
  if (metric && !metrics.includes(metric)) {
    addFieldError(
      `${path}/metric`,
      'contradiction',
      `objective ${objective} does not measure ${metric}, but ${metrics.join(', ')}`,
    )
  }
}
