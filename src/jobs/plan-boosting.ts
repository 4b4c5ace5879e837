// A boosting job's plan: defaults from the table, and what cannot be trained on it.
import type { Flaw } from '../errors.js'
import { contradictions } from '../spec/boosting-contradictions.js'
import { objectiveValidationMetrics } from '../spec/boosting-metrics.js'
import { type Boosting, type BoostingObjective, chooseBoosting } from '../spec/boosting-options.js'
import type { BoostingPlan, BoostingTrainingRequest } from '../spec/boosting-training.js'
import type { TableColumn, TableManifest } from '../spec/dataset.js'
import type { BoostingJobRequest } from '../spec/job.js'
import { featureColumns } from './feature-columns.js'
import { planClasses, suitedObjective } from './plan-classes.js'
import { tableMisfits } from './table-misfits.js'

const defaults = {
  share: 0.1,
  seed: 1,
  displayEvery: 1,
  snapshotSeconds: 10,
  keepCheckpoints: 3,
  patience: 10,
}

/** Numbers are read as float32, which tells whole ones apart up to here. */
const largestGroup = 2 ** 24

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
  const add = (path: string, code: string, message: string) => flaws.push({ path, code, message })
  const columns = new Map(table.columns.map(column => [column.name, column]))

  const role = (field: 'target' | 'weights' | 'group', name: string | null | undefined) => {
    if (name === null || name === undefined) return null
    const found = columns.get(name)
    const path = `/training/${field}`
    if (!found) add(path, 'unknown_column', noColumn(name, table))
    else if (found.type === 'text') add(path, 'wrong_type', isText(name, field))
    else if (found.missing > 0) {
      const message = `${field} '${name}' has ${count(found.missing, 'row')} without a value: fill them in or leave the rows out`
      add(path, 'missing_values', message)
    }
    return found && found.type !== 'text' ? found : null
  }

  const targetName = asked.target ?? table.target
  if (targetName === null) {
    const names = table.columns.filter(({ type }) => type !== 'text').map(({ name }) => name)
    add(
      '/training/target',
      'required',
      `training.target is missing: which of ${listed(names)} is to be predicted?`,
    )
  }
  const target = role('target', targetName)
  const weights = role('weights', asked.weights)
  const group = role('group', asked.group)
  const objective =
    request.model.objective ?? (target ? suitedObjective(target) : ('regression' as const))
  const model = chooseBoosting(request.model, objective)

  if (weights?.type === 'category' || (weights && (weights.min ?? 0) < 0)) {
    const is = weights.type === 'category' ? 'has categories' : `goes down to ${weights.min}`
    add(
      '/training/weights',
      'out_of_range',
      `weights are numbers from 0 on, but '${weights.name}' ${is}`,
    )
  }
  groupFlaws(objective, asked, group, add)

  const taken = new Map<string, string>()
  for (const [field, name] of [
    ['target', targetName],
    ['weights', asked.weights],
    ['group', asked.group],
  ] as const) {
    if (typeof name !== 'string') continue
    const other = taken.get(name)
    if (other) add(`/training/${field}`, 'contradiction', `'${name}' is the ${other} already`)
    taken.set(name, field)
  }
  const features = asked.features ?? usable(table, taken)
  for (const [i, name] of (asked.features ?? []).entries()) {
    const path = `/training/features/${i}`
    const found = columns.get(name)
    if (!found) add(path, 'unknown_column', noColumn(name, table))
    else if (taken.has(name)) {
      add(path, 'contradiction', `'${name}' is the ${taken.get(name)}, and cannot be learned from`)
    } else if (found.type === 'text') add(path, 'wrong_type', isText(name, 'a feature'))
  }
  if (features.length === 0) {
    const message = `'${table.name}' has no column to learn from beside the ${[...taken.values()].join(', ')}`
    add('/training/features', 'required', message)
  }

  const learned = features
    .map(name => columns.get(name))
    .filter((column): column is TableColumn => column !== undefined && column.type !== 'text')
  const found = featureColumns(learned, model.categorical)
  flaws.push(...found.flaws)
  const named = found.columns.map(({ name, categories }) => ({
    name,
    categories: categories?.length ?? null,
  }))
  for (const { field, code, message } of contradictions(request.model, named)) {
    add(`/model/${field}`, code, message)
  }
  const planned = target ? planClasses(objective, target) : { classes: null, flaws: [] }
  flaws.push(...planned.flaws)
  if (validation && target) {
    const { classes } = planned
    const roles = { target, objective, classes, features: learned, weights, group }
    flaws.push(...tableMisfits(table, validation, roles))
  }

  const share = typeof asked.validation === 'number' ? asked.validation : defaults.share
  const held = validation ? 0 : Math.round(share * table.records)
  const evaluated = validation !== null || held > 0
  stoppingFlaws(objective, asked, evaluated, add)
  if (table.records - held < 1) {
    add(
      '/training/validation',
      'too_large',
      `'${table.name}' has ${count(table.records, 'row')}, of which none is left to train on`,
    )
  }
  const { earlyStopping: stopping } = asked
  const [firstMetric] = objectiveValidationMetrics(objective)
  const timed = asked.snapshotEvery === undefined || asked.snapshotSeconds !== undefined
  const training: BoostingPlan = {
    steps: model.rounds,
    target: targetName ?? '',
    features: [...features],
    weights: asked.weights ?? null,
    group: asked.group ?? null,
    classes: planned.classes,
    validation: validation ? { dataset: validation.id } : { share },
    earlyStopping: stopping
      ? {
          metric: stopping.metric ?? firstMetric!,
          patience: stopping.patience ?? defaults.patience,
          minDelta: stopping.minDelta ?? 0,
        }
      : null,
    exportBest: asked.exportBest ?? true,
    seed: asked.seed ?? defaults.seed,
    displayEvery: asked.displayEvery ?? defaults.displayEvery,
    snapshotEvery: asked.snapshotEvery ?? null,
    snapshotSeconds: timed ? (asked.snapshotSeconds ?? defaults.snapshotSeconds) : null,
    keepCheckpoints: asked.keepCheckpoints ?? defaults.keepCheckpoints,
    rows: table.records - held,
  }
  return { model, training, flaws }
}

type Add = (path: string, code: string, message: string) => void

function groupFlaws(
  objective: BoostingObjective,
  asked: BoostingTrainingRequest,
  group: TableColumn | null,
  add: Add,
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
  if (group?.type === 'integer' || group?.type === 'number') {
    const largest = Math.max(Math.abs(group.min ?? 0), Math.abs(group.max ?? 0))
    if (largest > largestGroup) {
      add(
        path,
        'out_of_range',
        `group '${group.name}' has numbers up to ${largest}, and above ${largestGroup} they run together: upload it as a category`,
      )
    }
  }
}

function stoppingFlaws(
  objective: BoostingObjective,
  { earlyStopping, exportBest }: BoostingTrainingRequest,
  evaluated: boolean,
  add: Add,
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

const usable = ({ columns }: TableManifest, taken: ReadonlyMap<string, string>): string[] =>
  columns.filter(({ name, type }) => type !== 'text' && !taken.has(name)).map(({ name }) => name)

const isText = (name: string, as: string) =>
  `'${name}' holds text, which cannot be ${as}: leave it out, or upload it as a category`

const noColumn = (name: string, { name: table, columns }: TableManifest) =>
  `'${table}' has no column '${name}'; it has ${listed(columns.map(column => column.name))}`

const mostListed = 20

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostListed).map(name => `'${name}'`)
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const count = (rows: number, what: string) => `${rows} ${what}${rows === 1 ? '' : 's'}`
