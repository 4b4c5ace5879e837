import { FieldErrors } from '../errors.js'
import type { PredictionPlan } from '../spec/batch-prediction.js'
import { maxBatch } from '../spec/batch-sizes.js'
import type {
  DatasetManifest,
  ImagesManifest,
  TableColumn,
  TableManifest,
} from '../spec/dataset.js'
import { partOf } from '../spec/dataset-part.js'
import { type FeatureColumn, maxColumns } from '../spec/feature-column.js'
import { isDatasetId } from '../spec/identifiers.js'
import type { PredictionJob, PredictionJobRequest } from '../spec/job.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../spec/model.js'
import { listNames, Notes } from '../spec/notes.js'
import { defaultOutputs, type PredictionOutput } from '../spec/predict-options.js'
import {
  freeNames,
  ownColumns,
  predictedName,
  predictionColumns,
  predictsClasses,
} from '../spec/prediction-columns.js'
import { devicesOf, workersOf } from '../spec/resources.js'
import { checkSingleDevice, checkSingleWorker } from './plan-workers.js'

interface Identity {
  id: string
  createdAt: string
}

/** Columns that a plan lists. */
const maxListedColumns = 100
/** Checkpoints of a job whose request says how often they are made. */
const maxCheckpoints = 10_000

/**
 * Fills in every option of a job that predicts, for a version that was chosen. Throws one error with each field that does
 * not fit the model or the data set.
 */
export function planPrediction(
  identity: Identity,
  request: PredictionJobRequest,
  dataset: DatasetManifest,
  model: Model,
): PredictionJob {
  const { predict } = request
  const errors = new FieldErrors()
  const notes = new Notes()
  const name = request.name ?? `predict-${model.id}-${dataset.name}`.slice(0, 63)
  const datasetName = predict.datasetName ?? name
  if (isDatasetId(datasetName)) {
    const message = `'${datasetName}' is the form of an id, which the server gives: choose another name`
    errors.add('/predict/datasetName', 'invalid_name', message)
  } else if (datasetName === dataset.name) {
    const source = predict.datasetName === undefined ? ', which is the name of the job' : ''
    const message = `'${datasetName}'${source}, is the name of the data set that is predicted, and would name the predictions from then on: choose another name`
    errors.add('/predict/datasetName', 'contradiction', message)
  }
  const part = splitPart(dataset, predict.split, errors)
  checkInterval(predict.checkpointEvery, part, errors)
  checkSingleWorker(workersOf(request), 'records are predicted', errors)
  checkSingleDevice(devicesOf(request), 'records are predicted', errors)
  checkFit(model, part, errors, notes)
  const outputs = selectedOutputs(model, predict, errors)
  const keepColumns = predict.keepColumns ?? true
  const plan = { outputs, topK: predict.topK ?? null, keepColumns }
  const columns = planColumns(model, part, plan, errors, notes)
  errors.throwIfAny('INVALID_JOB')
  if (predict.version === undefined && predict.alias === undefined) {
    const message = `version ${model.version} of '${model.id}' predicts, which its bare name means now`
    notes.add('version_inferred', message)
  }
  return {
    ...identity,
    name,
    dataset: { id: dataset.id, name: dataset.name },
    ...(request.resources && { resources: request.resources }),
    model: model.model,
    predict: {
      model: model.id,
      version: model.version,
      split: predict.split ?? null,
      ...plan,
      checkpointEvery: predict.checkpointEvery ?? null,
      datasetName,
      steps: part.records,
      columns: columns.slice(0, maxListedColumns),
    },
    notes: notes.all,
  }
}

function splitPart(
  dataset: DatasetManifest,
  split: string | undefined,
  errors: FieldErrors,
): DatasetManifest {
  if (split === undefined) return dataset
  const names = (dataset.splits ?? []).map(({ name }) => name)
  if (names.includes(split)) return partOf(dataset, [split])
  const known = names.length > 0 ? `its splits are ${listNames(names)}` : 'it has no splits'
  const message = `data set '${dataset.name}' has no split '${split}'; ${known}`
  errors.add('/predict/split', 'unknown_split', message)
  return dataset
}

/** Each checkpoint is a folder on the disk, and all are read at the end. */
function checkInterval(
  interval: number | undefined,
  { kind, records }: DatasetManifest,
  errors: FieldErrors,
): void {
  if (interval === undefined) return
  const batch = kind === 'images' ? maxBatch : 1
  const count = Math.ceil(records / (Math.ceil(interval / batch) * batch))
  if (count <= maxCheckpoints) return
  const least = Math.ceil(records / maxCheckpoints)
  const message = `${records} records would have ${count} checkpoints, expected at most ${maxCheckpoints}: give at least ${least}, or leave it out`
  errors.add('/predict/checkpointEvery', 'too_small', message)
}

function checkFit(model: Model, dataset: DatasetManifest, errors: FieldErrors, notes: Notes) {
  if (isBoostingModel(model)) {
    if (dataset.kind === 'table') checkColumns(model, dataset, errors, notes)
    else addWrongKind(errors, `'${dataset.name}' has images; model '${model.id}' predicts rows`)
  } else if (dataset.kind === 'images') checkImages(model, dataset, errors, notes)
  else addWrongKind(errors, `'${dataset.name}' is a table; model '${model.id}' predicts images`)
}

const addWrongKind = (errors: FieldErrors, message: string) =>
  errors.add('/dataset', 'wrong_kind', message)

const shapeOf = ({
  height,
  width,
  channels,
}: Pick<ImagesManifest, 'height' | 'width' | 'channels'>) => `${height} x ${width} x ${channels}`

/** Raw pixels must have the model's shape; files are brought to it, as those of a request are. */
function checkImages(
  { id, input }: NetworkModel,
  dataset: ImagesManifest,
  errors: FieldErrors,
  notes: Notes,
): void {
  if (shapeOf(input) === shapeOf(dataset)) return
  const what = `images of '${dataset.name}' are ${shapeOf(dataset)} (height x width x channels), and those of model '${id}' ${shapeOf(input)}`
  if (dataset.encoding === 'encoded') {
    const message = `${what}: each is decoded and brought to that shape, as a file that is sent to POST /models/${id}/predict`
    notes.add('images_resized', message)
    return
  }
  const message = `${what}: upload them with the size of the model, or as image files, which are brought to it`
  errors.add('/dataset', 'shape_mismatch', message)
}

function checkColumns(
  { id, input }: BoostingModel,
  table: TableManifest,
  errors: FieldErrors,
  notes: Notes,
): void {
  const byName = new Map(table.columns.map(column => [column.name, column]))
  const absent = input.columns.filter(({ name }) => !byName.has(name)).map(({ name }) => name)
  if (absent.length > 0) {
    const message = `'${table.name}' lacks columns that model '${id}' needs: ${listNames(absent)}`
    errors.add('/dataset', 'unknown_column', message)
  }
  for (const expected of input.columns) {
    const found = byName.get(expected.name)
    const problem = found && columnProblem(expected, found, table.records)
    if (problem) {
      const message = `column '${expected.name}' of '${table.name}' ${problem}`
      errors.add('/dataset', 'type_mismatch', message)
    }
  }
  if (input.offset !== undefined) checkOffset(input.offset, table, byName, errors)
  noteUnseenCategories(input.columns, byName, notes)
}

/** What is wrong with a column of the data set; null if its cells can be read as the model's. */
function columnProblem(
  { type }: FeatureColumn,
  found: TableColumn,
  records: number,
): string | null {
  if (found.missing === records) return null
  if (found.type === 'text') {
    return `was taken for text, whose values are not stored, but is ${type} for the model: upload it with schema={${JSON.stringify(found.name)}:"${type}"}`
  }
  if (type === 'category') return null
  if (found.type === 'category') return `is category, but ${type} for the model`
  const isTruth = found.type === 'boolean' || (found.min! >= 0 && found.max! <= 1)
  return type === 'boolean' && !isTruth
    ? `goes from ${found.min} to ${found.max}, but is true or false for the model`
    : null
}

function checkOffset(
  offset: string,
  { name }: TableManifest,
  byName: ReadonlyMap<string, TableColumn>,
  errors: FieldErrors,
): void {
  const found = byName.get(offset)
  const fail = (code: 'unknown_column' | 'type_mismatch' | 'missing_values', problem: string) =>
    errors.add('/dataset', code, `'${name}' ${problem}, which is added to the margin of each row`)
  if (!found) fail('unknown_column', `lacks column '${offset}'`)
  else if (found.type === 'text' || found.type === 'category')
    fail('type_mismatch', `has ${found.type} in column '${offset}'`)
  else if (found.missing > 0)
    fail('missing_values', `has ${found.missing} rows without a value of column '${offset}'`)
}

function noteUnseenCategories(
  columns: readonly FeatureColumn[],
  byName: ReadonlyMap<string, TableColumn>,
  notes: Notes,
): void {
  const unseen = columns.flatMap(({ name, categories }) => {
    const found = byName.get(name)
    if (!categories || found?.type !== 'category') return []
    const known = new Set(categories)
    return found.categories.some(category => !known.has(category)) ? [name] : []
  })
  if (unseen.length === 0) return
  const message = `columns may have categories that training has not seen, which count as missing, as in POST /models/:id/predict: ${listNames(unseen)}; the log of the job counts them`
  notes.add('unknown_categories', message, unseen)
}

/** Adds an error for what a model of this kind does not predict. */
function selectedOutputs(
  model: Model,
  { outputs, topK }: PredictionJobRequest['predict'],
  errors: FieldErrors,
): PredictionOutput[] | null {
  if (!predictsClasses(model)) {
    const asked = { outputs, topK }
    for (const [field, value] of Object.entries(asked)) {
      if (value === undefined) continue
      const message = `'${model.id}' predicts no classes, so predict.${field} selects nothing: leave it out`
      errors.add(`/predict/${field}`, 'contradiction', message)
    }
    return null
  }
  if (isBoostingModel(model) && outputs?.includes('logits')) {
    const message = `'${model.id}' is of boosted trees, and logits are of networks: expected label, probability or probabilities`
    errors.add('/predict/outputs', 'contradiction', message)
  }
  return [...(outputs ?? defaultOutputs(topK ?? null))]
}

/** The columns that are added, under names that no column of the data set has. */
function planColumns(
  model: Model,
  dataset: DatasetManifest,
  plan: Pick<PredictionPlan, 'outputs' | 'topK' | 'keepColumns'>,
  errors: FieldErrors,
  notes: Notes,
): string[] {
  const taken = keptNames(dataset, plan.keepColumns)
  const wanted = [...ownNames(dataset), ...predictionColumns(model, plan).map(predictedName)]
  const names = freeNames(wanted, taken)
  const renamed = wanted.filter((name, i) => names[i] !== name)
  if (renamed.length > 0) {
    const pairs = wanted.flatMap((name, i) => (names[i] === name ? [] : [`${name} is ${names[i]}`]))
    const message = `the data set has columns of the same names, so columns of predictions have others: ${listNames(pairs, 10, pair => pair)}`
    notes.add('columns_renamed', message, renamed)
  }
  const count = taken.length + names.length + Object.keys(ownColumns).length
  if (count > maxColumns) {
    const message = `the data set of predictions would have ${count} columns, expected at most ${maxColumns}: choose fewer by predict.topK, predict.outputs or predict.keepColumns`
    errors.add('/predict', 'too_large', message)
  }
  if (plan.keepColumns && dataset.kind === 'table') {
    const texts = dataset.columns.filter(({ type }) => type === 'text').map(each => each.name)
    if (texts.length > 0) {
      const message = `columns of text are not stored, so they are not kept beside the predictions: ${listNames(texts)}; join by '${names[0]}', the number of the row`
      notes.add('text_columns_not_stored', message, texts)
    }
  }
  return names
}

/** Columns that say which record it is. Whether images have that of their paths is known when they are read. */
function ownNames({ kind, splits = [], ...dataset }: DatasetManifest): string[] {
  const isLabelled = 'labels' in dataset && dataset.labels.length > 0
  return [
    ownColumns.record,
    ...(splits.length > 0 ? [ownColumns.split] : []),
    ...(kind === 'images' && isLabelled ? [ownColumns.label] : []),
  ]
}

/** The columns of a data set that stay beside its predictions. */
export const keptNames = (dataset: DatasetManifest, keepColumns: boolean): string[] =>
  dataset.kind === 'table' && keepColumns
    ? dataset.columns.filter(({ type }) => type !== 'text').map(({ name }) => name)
    : []
