import type { Batch, Table } from '../../src/boosting/training-table.js'
import { Datasets } from '../../src/datasets/datasets.js'
import { openTable, type TableReader } from '../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../src/errors.js'
import { featureColumns, type Usable } from '../../src/planning/feature-columns.js'
import type { BoostingPlan } from '../../src/spec/boosting-training.js'
import type { DatasetManifest, TableManifest } from '../../src/spec/dataset.js'
import { countedColumn, type FeatureColumn } from '../../src/spec/feature-column.js'
import type { BoostingJob } from '../../src/spec/job.js'
import type { Store } from '../../src/store/store.js'
import type { TrainerParts } from './attempt-recorder.js'
import { drawShare } from './sample-rows.js'

export interface Tables {
  columns: FeatureColumn[]
  training: Table
  validation: Table | null
}

/** What a job trains on and measures by, as XGBoost reads it. */
export async function openTables({ store, task }: TrainerParts<BoostingJob>): Promise<Tables> {
  const { model, training: plan } = task.job
  const dataset = tableOf(task.dataset)
  const reader = await read(store, dataset)
  const learned = plan.features.map(name => columnOf(dataset, name))
  const { columns } = featureColumns(learned, model.categorical)
  const groups = plan.group === null ? null : groupsOf(reader.column(plan.group), plan.group)
  if (task.validation) {
    const other = tableOf(task.validation)
    const validating = await read(store, other)
    const theirs = plan.group === null ? null : groupsOf(validating.column(plan.group), plan.group)
    const recodings = columns.map(column => recoding(column, columnOf(other, column.name)))
    const targets = recodingOfTarget(plan, columnOf(other, plan.target))
    return {
      columns,
      training: part(reader, { columns, plan, groups, pick: null }),
      validation: part(validating, {
        ...{ columns, plan, groups: theirs, pick: null, recodings, targets },
      }),
    }
  }
  const share = 'share' in plan.validation ? plan.validation.share : 0
  const held = heldOut(reader.rows, groups, share, plan.seed)
  const kept = held.map(one => 1 - one)
  const some = held.includes(1)
  return {
    columns,
    training: part(reader, { columns, plan, groups, pick: some ? kept : null }),
    validation: some ? part(reader, { columns, plan, groups, pick: held }) : null,
  }
}

/** 1 for rows that validate: a share of them or, so that queries stay whole, of the groups. */
function heldOut(rows: number, groups: Uint32Array | null, share: number, seed: number) {
  if (!groups) return drawShare(rows, share, seed)
  const count = (groups.at(-1) ?? -1) + 1
  // one at least, where another is left to train on
  const least = share > 0 && count > 1 ? 1 / count : 0
  const drawn = drawShare(count, Math.max(share, least), seed)
  return Uint8Array.from(groups, group => drawn[group]!)
}

interface Part {
  columns: readonly FeatureColumn[]
  plan: BoostingPlan
  groups: Uint32Array | null
  pick: Uint8Array | null
  recodings?: readonly (Recoding | null)[]
  targets?: Recoding | null
}

function part(
  reader: TableReader,
  { columns, plan, groups, pick, recodings, targets }: Part,
): Table {
  const picked = pick ?? undefined
  const labels = reader.column(plan.target, undefined, picked)
  const values = targets ? labels.map(targets) : labels
  const base = plan.classes?.base ?? 0
  return {
    rows: labels.length,
    columns: columns.map(countedColumn),
    labels: base === 0 ? values : values.map(value => value - base),
    weights: plan.weights === null ? null : reader.column(plan.weights, undefined, picked),
    groups: groups && pick ? groups.filter((_, row) => pick[row] !== 0) : groups,
    *batches(): Iterable<Batch> {
      for (const { rows, columns } of reader.batches(plan.features, undefined, picked)) {
        yield { rows, columns: recodings ? columns.map(recoded(recodings)) : columns }
      }
    },
  }
}

const recoded =
  (recodings: readonly (Recoding | null)[]) =>
  (values: Float32Array, column: number): Float32Array => {
    const recode = recodings[column]
    return recode ? values.map(recode) : values
  }

/** Another table's number for a category → ours; NaN where we have none, which counts as missing. */
type Recoding = (value: number) => number

function recoding(ours: FeatureColumn, theirs: Usable): Recoding | null {
  if (ours.categories === null) return null
  // whole numbers that are categories by their own name
  if (theirs.type !== 'category') {
    const { length } = ours.categories
    return value => (Number.isInteger(value) && value >= 0 && value < length ? value : Number.NaN)
  }
  return byName(ours.categories, theirs.categories)
}

function recodingOfTarget({ classes }: BoostingPlan, theirs: Usable): Recoding | null {
  return classes && theirs.type === 'category' ? byName(classes.labels, theirs.categories) : null
}

function byName(ours: readonly string[], theirs: readonly string[]): Recoding {
  const codes = new Map(ours.map((category, code) => [category, code]))
  const mapped = theirs.map(category => codes.get(category) ?? Number.NaN)
  return value => mapped[value] ?? Number.NaN
}

/** Rows of one query, numbered in their order. XGBoost wants them side by side. */
function groupsOf(values: Float32Array, column: string): Uint32Array {
  const groups = new Uint32Array(values.length)
  const seen = new Set<number>()
  let group = -1
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (row === 0 || value !== values[row - 1]) {
      if (seen.has(value)) throw apart(column, value, row)
      seen.add(value)
      group++
    }
    groups[row] = group
  }
  return groups
}

const apart = (column: string, value: number, row: number) =>
  new TrainyardError(
    'groups_apart',
    'invalid',
    `rows of one group lie apart: row ${row} has ${value} in '${column}' again; sort the table by '${column}' and upload it anew`,
  )

function tableOf(dataset: DatasetManifest): TableManifest {
  if (dataset.kind === 'table') return dataset
  throw new Error(`data set ${dataset.id} has ${dataset.kind}`)
}

function columnOf({ id, columns }: TableManifest, name: string): Usable {
  const found = columns.find(column => column.name === name)
  if (found && found.type !== 'text') return found
  throw new Error(`table ${id} has no column ${JSON.stringify(name)} with values`)
}

const read = async (store: Store, manifest: TableManifest): Promise<TableReader> =>
  openTable(await new Datasets(store).shardFiles(manifest), manifest)
