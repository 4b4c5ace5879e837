// A boosting job's plan: defaults from the table, and what cannot be trained on it.
import type { Flaw } from '../errors.js'
import { contradictions } from '../spec/boosting-contradictions.js'
import { objectiveValidationMetrics } from '../spec/boosting-metrics.js'
import { type Boosting, type BoostingObjective, chooseBoosting } from '../spec/boosting-options.js'
import {
  BoostingEarlyStopping,
  type BoostingPlan,
  type BoostingTrainingRequest,
} from '../spec/boosting-training.js'
import type { TableManifest } from '../spec/dataset.js'
import { countedColumn } from '../spec/feature-column.js'
import type { BoostingJobRequest } from '../spec/job.js'
import { featureColumns, type Usable } from './feature-columns.js'
import { planClasses, suitedObjective } from './plan-classes.js'
import { type AddFlaw, featuresOf, groupTrouble, rolesOf, rowCount } from './plan-columns.js'
import { filled } from './plan-training.js'
import { tableMisfits } from './validation-table.js'

const defaults = {
  share: 0.1,
  seed: 1,
  displayEvery: 1,
  keepCheckpoints: 3,
}

export interface BoostingPlanned {
  model: Boosting
  training: BoostingPlan
  flaws: Flaw[]
}

export function planBoosting(
  request: BoostingJobRequest,
  table: TableManifest,
  validation: TableManifest | null,
): BoostingPlanned {
  const asked = request.training ?? {}
  const flaws: Flaw[] = []
  const add: AddFlaw = (path, code, message) => flaws.push({ path, code, message })

  const roles = rolesOf(asked, table, add)
  const { target, weights, group } = roles
  const objective =
    request.model.objective ?? (target ? suitedObjective(target) : ('regression' as const))
  const model = chooseBoosting(request.model, objective)
  groupFlaws(objective, asked, group, add)

  const { names, learned } = featuresOf(asked, table, roles.taken, add)
  const found = featureColumns(learned, model.categorical)
  flaws.push(...found.flaws)
  const counted = found.columns.map(countedColumn)
  for (const { field, code, message } of contradictions(request.model, counted)) {
    add(`/model/${field}`, code, message)
  }
  const { classes, flaws: strange } = target
    ? planClasses(objective, target)
    : { classes: null, flaws: [] }
  flaws.push(...strange)
  if (validation && target) {
    const wanted = { target, objective, classes, features: learned, weights, group }
    flaws.push(...tableMisfits(table, validation, wanted))
  }

  const share = typeof asked.validation === 'number' ? asked.validation : defaults.share
  const held = validation ? 0 : Math.round(share * table.records)
  if (table.records - held < 1) {
    const message = `'${table.name}' has ${rowCount(table.records)}, of which none is left to train on`
    add('/training/validation', 'too_large', message)
  }
  stoppingFlaws(objective, asked, validation !== null || held > 0, add)
  const training: BoostingPlan = {
    steps: model.rounds,
    target: roles.targetName ?? '',
    features: names,
    weights: asked.weights ?? null,
    group: asked.group ?? null,
    classes,
    validation: validation ? { dataset: validation.id } : { share },
    earlyStopping: stoppingOf(objective, asked),
    exportBest: asked.exportBest ?? true,
    seed: asked.seed ?? defaults.seed,
    displayEvery: asked.displayEvery ?? defaults.displayEvery,
    snapshotEvery: asked.snapshotEvery ?? null,
    snapshotSeconds: asked.snapshotSeconds ?? null,
    keepCheckpoints: asked.keepCheckpoints ?? defaults.keepCheckpoints,
    rows: table.records - held,
  }
  return { model, training, flaws }
}

function stoppingOf(
  objective: BoostingObjective,
  { earlyStopping }: BoostingTrainingRequest,
): BoostingEarlyStopping | null {
  if (!earlyStopping) return null
  const [first] = objectiveValidationMetrics(objective)
  return filled(BoostingEarlyStopping, { metric: first!, ...earlyStopping })
}

function groupFlaws(
  objective: BoostingObjective,
  asked: BoostingTrainingRequest,
  group: Usable | null,
  add: AddFlaw,
): void {
  const path = '/training/group'
  if (objective === 'ranking' && asked.group === undefined) {
    add(
      path,
      'required',
      'objective ranking compares rows of one query: name the column that they share as group',
    )
  }
  if (objective !== 'ranking' && asked.group !== undefined) {
    add(
      path,
      'contradiction',
      `a group goes with objective ranking, and this is ${objective}: leave out group`,
    )
  }
  const trouble = group && groupTrouble(group)
  if (trouble) {
    add(path, 'out_of_range', `group '${group.name}' ${trouble}: upload it as a category`)
  }
}

function stoppingFlaws(
  objective: BoostingObjective,
  { earlyStopping, exportBest }: BoostingTrainingRequest,
  evaluated: boolean,
  add: AddFlaw,
): void {
  const path = '/training/earlyStopping'
  if (earlyStopping && !evaluated) {
    add(
      path,
      'contradiction',
      'earlyStopping needs something to measure by, but nothing is held out: give validation',
    )
  }
  if (exportBest && !earlyStopping) {
    add(
      '/training/exportBest',
      'contradiction',
      'which round is best is judged by earlyStopping: give it, or leave out exportBest',
    )
  }
  const metrics: readonly string[] = objectiveValidationMetrics(objective)
  const metric = earlyStopping?.metric
  if (metric && !metrics.includes(metric)) {
    add(
      `${path}/metric`,
      'contradiction',
      `objective ${objective} does not measure ${metric}, but ${metrics.join(', ')}`,
    )
  }
}
