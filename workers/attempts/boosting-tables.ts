import type { Batch, Column, Table } from '../../src/boosting/training-table.js'
import type { Datasets } from '../../src/datasets/datasets.js'
import { openTableReader, type TableReader } from '../../src/datasets/tables/table-reader.js'
import { TrainingFailure } from '../../src/errors.js'
import { featureColumns, type NonTextColumn } from '../../src/planning/feature-columns.js'
import type { BoostingPlan } from '../../src/spec/boosting-training.js'
import type { DatasetManifest, TableManifest } from '../../src/spec/dataset.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { BoostingJob } from '../../src/spec/job.js'
import { sampleFraction } from './sample-rows.js'

export interface Tables {
  columns: FeatureColumn[]
  training: Table
  validation: Table | null
}

/** The training and validation tables of a job, as XGBoost reads them. */
export async function openTables(
  task: TrainerTask<BoostingJob>,
  datasets: Datasets,
): Promise<Tables> {
  const { model, training: plan } = task.job
  const dataset = requireTable(task.dataset)
  const reader = await openReader(datasets, dataset)
  const selectedColumns = plan.features.map(name => requireColumn(dataset, name))
  const columns = featureColumns(selectedColumns, model.categorical)
  const namedColumns = columns.map((column, i) => withCategoryNames(column, selectedColumns[i]!))
  const groups = plan.group === null ? null : groupIndices(reader.column(plan.group), plan.group)
  if (task.validation) {
    const validationManifest = requireTable(task.validation)
    const validationReader = await openReader(datasets, validationManifest)
    const validationGroups =
      plan.group === null ? null : groupIndices(validationReader.column(plan.group), plan.group)
    const recodings = columns.map(column =>
      recoding(column, requireColumn(validationManifest, column.name)),
    )
    const targets = targetRecoding(plan, requireColumn(validationManifest, plan.target))
    return {
      columns,
      training: tableSubset(reader, { columns: namedColumns, plan, groups, rowMask: null }),
      validation: tableSubset(validationReader, {
        columns: namedColumns,
        plan,
        groups: validationGroups,
        rowMask: null,
        recodings,
        targets,
      }),
    }
  }
  const fraction = 'fraction' in plan.validation ? plan.validation.fraction : 0
  const validationMask = holdOutMask(reader.rows, groups, fraction, plan.seed)
  const trainingMask = validationMask.map(flag => 1 - flag)
  const hasValidation = validationMask.includes(1)
  return {
    columns,
    training: tableSubset(reader, {
      columns: namedColumns,
      plan,
      groups,
      rowMask: hasValidation ? trainingMask : null,
    }),
    validation: hasValidation
      ? tableSubset(reader, { columns: namedColumns, plan, groups, rowMask: validationMask })
      : null,
  }
}

/** A column of whole numbers in `categorical` has numbers as categories, also in Python. */
const withCategoryNames = (
  { name, categories }: FeatureColumn,
  { type }: NonTextColumn,
): Column => ({
  name,
  categories: type === 'category' ? categories : (categories?.length ?? null),
})

/** 1 for each validation row: a fraction of the rows or, so that no group is split, of the groups. */
function holdOutMask(rows: number, groups: Uint32Array | null, fraction: number, seed: number) {
  if (!groups) return sampleFraction(rows, fraction, seed)
  const count = (groups.at(-1) ?? -1) + 1
  // at least one group, if another is left to train on
  const minFraction = fraction > 0 && count > 1 ? 1 / count : 0
  const selected = sampleFraction(count, Math.max(fraction, minFraction), seed)
  return Uint8Array.from(groups, group => selected[group]!)
}

interface TableSubset {
  columns: readonly Column[]
  plan: BoostingPlan
  groups: Uint32Array | null
  rowMask: Uint8Array | null
  recodings?: readonly (Recoding | null)[]
  targets?: Recoding | null
}

function tableSubset(
  reader: TableReader,
  { columns, plan, groups, rowMask, recodings, targets }: TableSubset,
): Table {
  const optionalMask = rowMask ?? undefined
  const labels = reader.column(plan.target, undefined, optionalMask)
  const values = targets ? labels.map(targets) : labels
  const base = plan.classes?.base ?? 0
  return {
    rows: labels.length,
    columns,
    labels: base === 0 ? values : values.map(value => value - base),
    sampleWeights:
      plan.sampleWeight === null ? null : reader.column(plan.sampleWeight, undefined, optionalMask),
    groups: groups && rowMask ? groups.filter((_, row) => rowMask[row] !== 0) : groups,
    *batches(): Iterable<Batch> {
      for (const { rows, columns } of reader.batches(plan.features, undefined, optionalMask)) {
        yield { rows, columns: recodings ? columns.map(applyRecodings(recodings)) : columns }
      }
    },
  }
}

const applyRecodings =
  (recodings: readonly (Recoding | null)[]) =>
  (values: Float32Array, column: number): Float32Array => {
    const recode = recodings[column]
    return recode ? values.map(recode) : values
  }

/** Category code of the validation table → code of the training table; NaN (missing) if it has none. */
type Recoding = (value: number) => number

function recoding(trainingColumn: FeatureColumn, validationColumn: NonTextColumn): Recoding | null {
  if (trainingColumn.categories === null) return null
  // integers that are category codes already
  if (validationColumn.type !== 'category') {
    const { length } = trainingColumn.categories
    return value => (Number.isInteger(value) && value >= 0 && value < length ? value : Number.NaN)
  }
  return recodingByName(trainingColumn.categories, validationColumn.categories)
}

function targetRecoding(
  { classes }: BoostingPlan,
  validationColumn: NonTextColumn,
): Recoding | null {
  return classes && validationColumn.type === 'category'
    ? recodingByName(classes.labels, validationColumn.categories)
    : null
}

function recodingByName(
  trainingCategories: readonly string[],
  validationCategories: readonly string[],
): Recoding {
  const codes = new Map(trainingCategories.map((category, code) => [category, code]))
  const mapped = validationCategories.map(category => codes.get(category) ?? Number.NaN)
  return value => mapped[value] ?? Number.NaN
}

/** Group index of each row, counted from 0. Throws if the rows of a group are not adjacent, as XGBoost needs. */
export function groupIndices(values: Float32Array, column: string): Uint32Array {
  const groups = new Uint32Array(values.length)
  const seen = new Set<number>()
  let group = -1
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (row === 0 || value !== values[row - 1]) {
      if (seen.has(value)) throw groupsNotContiguous(column, value, row)
      seen.add(value)
      group++
    }
    groups[row] = group
  }
  return groups
}

const groupsNotContiguous = (column: string, value: number, row: number) =>
  new TrainingFailure(
    'groups_not_contiguous',
    `rows of one group lie apart: row ${row} has ${value} in '${column}' again; sort the table by '${column}' and upload it anew`,
  )

function requireTable(dataset: DatasetManifest): TableManifest {
  if (dataset.kind === 'table') return dataset
  throw new Error(`data set ${dataset.id} has ${dataset.kind}`)
}

function requireColumn({ id, columns }: TableManifest, name: string): NonTextColumn {
  const found = columns.find(column => column.name === name)
  if (found && found.type !== 'text') return found
  throw new Error(`table ${id} has no column ${JSON.stringify(name)} with values`)
}

const openReader = async (datasets: Datasets, manifest: TableManifest): Promise<TableReader> =>
  openTableReader(await datasets.shardPaths(manifest), manifest)
