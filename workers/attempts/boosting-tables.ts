import type { Batch, Column, Table } from '../../src/boosting/training-table.js'
import type { Datasets } from '../../src/datasets/datasets.js'
import { openTableReader, type TableReader } from '../../src/datasets/tables/table-reader.js'
import { TrainingFailure } from '../../src/errors.js'
import {
  type CellMapping,
  type ExpectedColumn,
  expectedTarget,
  mapColumn,
} from '../../src/planning/column-mapping.js'
import { featureColumns, type NonTextColumn } from '../../src/planning/feature-columns.js'
import { type BoostingPlan, classIndex } from '../../src/spec/boosting-training.js'
import type { DatasetManifest, TableColumn, TableManifest } from '../../src/spec/dataset.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { BoostingJob } from '../../src/spec/job.js'
import { checkTables } from './check-tables.js'
import { holdOutRows } from './hold-out.js'
import { areTogether, groupNumbers, sortedByGroup } from './sort-groups.js'
import { rowsWithTarget, selectedRows, spreadMask } from './target-rows.js'

export interface Tables {
  columns: FeatureColumn[]
  training: Table
  validation: Table | null
  /** Where the validation rows are in their data set, or in its splits that the job uses. Not of rankings, whose rows are sorted. */
  validationRows: Int32Array
}

/**
 * The training and validation tables of a job, as XGBoost reads them. Throws `invalid` for rows that
 * `checkTables` refuses.
 */
export async function openTables(
  task: TrainerTask<BoostingJob>,
  datasets: Datasets,
): Promise<Tables> {
  const tables = await readTables(task, datasets)
  checkTables(tables, task.job)
  return tables
}

async function readTables(task: TrainerTask<BoostingJob>, datasets: Datasets): Promise<Tables> {
  const { training: plan } = task.job
  const dataset = requireTable(task.dataset)
  const reader = await openReader(datasets, dataset)
  const selectedColumns = plan.features.map(name => requireColumn(dataset, name))
  const columns = columnsOf(task.job, dataset)
  const namedColumns = columns.map((column, i) => withCategoryNames(column, selectedColumns[i]!))
  const groups = readGroups(reader, plan.group)
  const withTarget = rowsWithTarget(reader, requireColumn(dataset, plan.target))
  if (task.validation) {
    const validationManifest = requireTable(task.validation)
    const validationReader = await openReader(datasets, validationManifest)
    const validationGroups = readGroups(validationReader, plan.group)
    const { records } = validationManifest
    const mappings = columns.map(column =>
      cellMapping(column, findColumn(validationManifest, column.name), records),
    )
    const validationTarget = requireColumn(validationManifest, plan.target)
    const expected = expectedTarget(requireColumn(dataset, plan.target), plan.classes)
    const rowMask = rowsWithTarget(validationReader, validationTarget)
    return {
      columns,
      validationRows: selectedRows(rowMask, records),
      training: tableSubset(reader, { columns: namedColumns, plan, groups, rowMask: withTarget }),
      validation: tableSubset(validationReader, {
        columns: namedColumns,
        plan,
        groups: validationGroups,
        rowMask,
        mappings,
        targets: cellMapping(expected, validationTarget, records),
      }),
    }
  }
  const validationMask = heldOutRows(reader, plan, groups, withTarget)
  const trainingMask = validationMask.map((flag, row) => (withTarget?.[row] === 0 ? 0 : 1 - flag))
  const hasValidation = validationMask.includes(1)
  return {
    columns,
    validationRows: selectedRows(validationMask, validationMask.length),
    training: tableSubset(reader, {
      columns: namedColumns,
      plan,
      groups,
      rowMask: hasValidation ? trainingMask : withTarget,
    }),
    validation: hasValidation
      ? tableSubset(reader, { columns: namedColumns, plan, groups, rowMask: validationMask })
      : null,
  }
}

/** The columns that a job learns from, as its model has them. */
export const columnsOf = (
  { model, training }: BoostingJob,
  table: TableManifest,
): FeatureColumn[] =>
  featureColumns(
    training.features.map(name => requireColumn(table, name)),
    model.categorical,
  )

/** A column of whole numbers in `categorical` has numbers as categories, also in Python. */
const withCategoryNames = (
  { name, categories }: FeatureColumn,
  { type }: NonTextColumn,
): Column => ({
  name,
  categories: type === 'category' ? categories : (categories?.length ?? null),
})

/** 1 for each validation row. Rows without a target are none. Logs how many rows are held out. */
function heldOutRows(
  reader: TableReader,
  plan: BoostingPlan,
  queries: Uint32Array | null,
  withTarget: Uint8Array | null,
): Uint8Array {
  const split = 'fraction' in plan.validation ? plan.validation : { fraction: 0 }
  const { fraction, by, column } = split
  const targets = reader.column(plan.target, undefined, withTarget ?? undefined)
  const isUsed = (_: number, row: number) => withTarget?.[row] !== 0
  const mask = holdOutRows({
    rows: targets.length,
    fraction,
    seed: plan.seed,
    by,
    // numbered anew, since a query whose rows have no target is not there to hold out
    queries: queries && withTarget ? groupNumbers(queries.filter(isUsed)) : queries,
    targets,
    // float32 would run large numbers together, such as ids and times
    column: column ? reader.exactColumn(column).filter(isUsed) : undefined,
  })
  if (by !== undefined && fraction > 0) {
    const count = mask.reduce((sum, flag) => sum + flag, 0)
    console.log(
      `${count} of ${mask.length} rows are held out for validation, by ${by}${column ? ` of '${column}'` : ''}`,
    )
  }
  return spreadMask(mask, withTarget)
}

interface TableSubset {
  columns: readonly Column[]
  plan: BoostingPlan
  groups: Uint32Array | null
  rowMask: Uint8Array | null
  mappings?: readonly (CellMapping | null)[]
  targets?: CellMapping | null
}

function tableSubset(
  reader: TableReader,
  { columns, plan, groups, rowMask, mappings, targets }: TableSubset,
): Table {
  const optionalMask = rowMask ?? undefined
  const labels = reader.column(plan.target, undefined, optionalMask)
  const values = targets ? labels.map(targets) : labels
  return sortedByGroup({
    rows: labels.length,
    columns,
    labels: plan.classes ? classIndices(values, labels, plan) : values,
    sampleWeights:
      plan.sampleWeight === null ? null : reader.column(plan.sampleWeight, undefined, optionalMask),
    groups: groups && rowMask ? groups.filter((_, row) => rowMask[row] !== 0) : groups,
    offsets: plan.offset ? reader.column(plan.offset, undefined, optionalMask) : null,
    *batches(): Iterable<Batch> {
      for (const { rows, columns } of reader.batches(plan.features, undefined, optionalMask)) {
        yield { rows, columns: mappings ? columns.map(applyMappings(mappings)) : columns }
      }
    },
  })
}

const applyMappings =
  (mappings: readonly (CellMapping | null)[]) =>
  (values: Float32Array, column: number): Float32Array => {
    const map = mappings[column]
    return map ? values.map(map) : values
  }

function cellMapping(
  expected: ExpectedColumn,
  found: TableColumn,
  records: number,
): CellMapping | null {
  const mapped = mapColumn(expected, found, records)
  if ('map' in mapped) return mapped.map
  throw new Error(`column ${JSON.stringify(found.name)} ${mapped.problem}`)
}

/** Throws if a value is no class. The plan knows the range of the values of a validation table, but not each of them. */
function classIndices(
  values: Float32Array,
  cells: Float32Array,
  { classes, target }: BoostingPlan,
): Float32Array {
  return values.map((value, row) => {
    const index = classIndex(value, classes!)
    if (index >= 0 && index < classes!.labels.length && Number.isInteger(index)) return index
    const message = `the target '${target}' is ${cells[row]} in row ${row + 1} of the validation rows, which is no class of the training data: leave the row out`
    throw new TrainingFailure('invalid', message)
  })
}

/** The number of each row's group. Logs if the rows of a group lie apart. */
function readGroups(reader: TableReader, name: string | null): Uint32Array | null {
  if (name === null) return null
  // float32 would run large ids together
  const groups = groupNumbers(reader.exactColumn(name))
  if (!areTogether(groups))
    console.log(`rows of one group of '${name}' lie apart: the training sorts the rows by group`)
  return groups
}

export function requireTable(dataset: DatasetManifest): TableManifest {
  if (dataset.kind === 'table') return dataset
  throw new Error(`data set ${dataset.id} has ${dataset.kind}`)
}

function requireColumn(table: TableManifest, name: string): NonTextColumn {
  const found = findColumn(table, name)
  if (found.type !== 'text') return found
  throw new Error(`table ${table.id} has no column ${JSON.stringify(name)} with values`)
}

function findColumn({ id, columns }: TableManifest, name: string): TableColumn {
  const found = columns.find(column => column.name === name)
  if (found) return found
  throw new Error(`table ${id} has no column ${JSON.stringify(name)}`)
}

const openReader = async (datasets: Datasets, manifest: TableManifest): Promise<TableReader> =>
  openTableReader(await datasets.shardPaths(manifest), manifest)
