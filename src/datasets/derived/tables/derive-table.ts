import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FieldErrors } from '../../../errors.js'
import type { ColumnType, TableManifest, TableSplit } from '../../../spec/dataset.js'
import type { DatasetStep } from '../../../spec/dataset-steps.js'
import { listNames, Notes } from '../../../spec/notes.js'
import type { ReportProgress } from '../../conversion-input.js'
import { datasetIdOf } from '../../dataset-id.js'
import { fileError } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import { writeRows } from '../../tables/column-conversion.js'
import { type TableContent, tableContent } from '../../tables/table-content.js'
import { openTableReader } from '../../tables/table-reader.js'
import { TableWriter } from '../../tables/table-writer.js'
import { describeSource } from '../../tables/typed-table.js'
import type { DerivedTable, SharedFile } from '../derived-content.js'
import type { SourceDataset } from '../source-dataset.js'
import { StepErrors } from '../step-errors.js'
import { noteLeftOut } from '../step-notes.js'
import { doTableStep } from './table-steps.js'
import { countRows, type TableView, viewAll } from './table-view.js'
import { viewSource } from './view-source.js'

interface TableDerivation {
  source: SourceDataset<TableManifest>
  steps: readonly DatasetStep[]
  /** The data set that a step names by its id. */
  find(id: string): SourceDataset | null
  /** The folder that gets `shards/`. */
  folder: string
  limits: DatasetLimits
  report: ReportProgress
}

/** Each row takes a few bytes of memory. */
const maxRows = 200_000_000

/**
 * Does the steps one after the other, then writes the rows, those of each split in files of their own. Throws
 * INVALID_STEPS, and DATASET_VALUE for a value that cannot be cast.
 */
export async function deriveTable(derivation: TableDerivation): Promise<DerivedTable> {
  const { source, steps, find, folder, limits, report } = derivation
  const { manifest } = source
  if (manifest.records > maxRows) {
    const detail = `the table has ${manifest.records} rows; data sets can be derived of at most ${maxRows}`
    throw fileError('DATASET_TOO_LARGE', { file: manifest.name }, detail)
  }
  const notes = new Notes()
  let view = viewAll(source)
  for (const [index, step] of steps.entries()) {
    const errors = new StepErrors(new FieldErrors(), index)
    const before = countRows(view)
    view = doTableStep(step, view, { find, errors, notes })
    errors.throwIfAny()
    const after = countRows(view)
    if (after === 0) errors.add('', 'too_small', `${step.kind} leaves none of ${before} rows`)
    errors.throwIfAny()
    noteLeftOut(index, step, before - after, before, 'row', notes)
  }
  const keepsTexts = steps.every(({ kind }) => kind === 'split')
  if (!keepsTexts) noteTextColumns(manifest, notes)
  const written = await writeView(view, folder, limits, report)
  const content = keepsTexts ? withTextColumns(written, manifest) : written
  const splits = await countSplits(content, view.splitNames, folder)
  const { id: _, notes: found = [], ...rest } = content
  for (const { code, message, columns } of found) notes.add(code, message, columns)
  const described = { ...rest, ...(splits.length > 0 && { splits }) }
  return {
    content: { id: idOf(described, content.id), ...described, notes: notes.all },
    shared: await shareEqual(manifest, content, folder),
  }
}

async function writeView(
  view: TableView,
  folder: string,
  limits: DatasetLimits,
  report: ReportProgress,
): Promise<TableContent> {
  const { manifest } = view.source
  const rows = countRows(view)
  const types = view.columns.map(({ name, type }): [string, ColumnType] => [name, type])
  const form = {
    dialect: {},
    types,
    target: view.target,
    cells: manifest.cellFormat ?? {},
    sheet: null,
  }
  const source = viewSource(view)
  const onRows = (done: number) => report({ phase: 'reading', unit: 'rows', done, total: rows })
  const table = await describeSource(source, { form, limits, file: manifest.name, onRows })
  using writer = new TableWriter(folder, table.columns)
  await writeRows(source, table, writer, done =>
    report({ phase: 'writing', unit: 'rows', done, total: rows }),
  )
  return tableContent(table, writer.close())
}

/** Equal content gets equal ids, however it was made: without splits, that of an upload. */
function idOf(content: Omit<TableContent, 'id' | 'notes'>, plainId: string): string {
  if (!content.splits) return plainId
  const texts = content.columns.filter(({ type }) => type === 'text')
  return datasetIdOf([2, plainId, content.splits, texts])
}

/** Columns of text are described but not stored, and what is known of them holds of the same rows in any order. */
function withTextColumns(content: TableContent, source: TableManifest): TableContent {
  const byName = new Map(content.columns.map((column, at) => [column.name, { column, at }]))
  const columns = source.columns.map(column => byName.get(column.name)?.column ?? column)
  const sample = content.sample.map(row =>
    source.columns.map(({ name }) => {
      const found = byName.get(name)
      return found ? row[found.at]! : null
    }),
  )
  return { ...content, columns, sample }
}

/** Reads the files that were written, to count the values that each split lacks, and those of its categories. */
async function countSplits(
  content: TableContent,
  splitNames: readonly string[],
  folder: string,
): Promise<TableSplit[]> {
  const stored = content.columns.filter(({ type }) => type !== 'text')
  const names = stored.map(({ name }) => name)
  return splitNames.map(name => {
    const shards = content.shards.filter(({ split }) => split === name)
    const records = shards.reduce((sum, shard) => sum + shard.records, 0)
    const files = shards.map(shard => join(folder, shard.name))
    const part = { ...content, name, createdAt: '', shards, records }
    const missing = stored.map(() => 0)
    const counts = stored.map(column =>
      column.type === 'category' ? new Array<number>(column.categories.length).fill(0) : null,
    )
    for (const { columns } of openTableReader(files, part).batches(names)) {
      for (const [at, values] of columns.entries()) {
        const count = counts[at]
        for (const value of values) {
          if (Number.isNaN(value)) missing[at]!++
          else if (count) count[value]!++
        }
      }
    }
    const columns = names.flatMap((column, at) => {
      const [absent, count] = [missing[at]!, counts[at]]
      if (absent === 0 && !count) return []
      return [{ name: column, missing: absent, ...(count && { counts: count }) }]
    })
    return { name, records, columns }
  })
}

/** Files that came out as they are in the source take no room of their own. */
async function shareEqual(
  source: TableManifest,
  { shards }: TableContent,
  folder: string,
): Promise<SharedFile[]> {
  const bySha256 = new Map(source.shards.map(({ sha256, name }) => [sha256, name]))
  const shared = shards.flatMap(({ name, sha256 }) => {
    const from = bySha256.get(sha256)
    return from === undefined ? [] : [{ from, to: name }]
  })
  for (const { to } of shared) await rm(join(folder, to))
  return shared
}

function noteTextColumns({ columns }: TableManifest, notes: Notes): void {
  const names = columns.filter(({ type }) => type === 'text').map(({ name }) => name)
  if (names.length === 0) return
  const message = `columns of text are not stored, so the derived table lacks them: ${listNames(names)}; to keep one, upload it as a category by schema`
  notes.add('text_columns_not_stored', message, names)
}
