import type { ColumnType } from '../../../spec/dataset.js'
import { listNames, Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import type { ColumnBatch, ColumnSource } from '../columns/column-batch.js'
import { type ByteSource, quoteCell } from '../csv.js'
import type { TableForm } from '../table-form.js'
import {
  checkCells,
  checkSameColumns,
  checkSourceNames,
  isPandasIndex,
  noteLeftOut,
} from '../typed-table.js'
import { ColumnCursor } from './column-cursor.js'
import { type LeafType, leafTypeOf } from './column-type.js'
import { InflationBudget, PageReader } from './page-reader.js'
import { type Leaf, type ParquetFooter, readFooter } from './parquet-footer.js'

interface ParquetColumn {
  leaf: Leaf
  type: LeafType
}

interface ParquetFile {
  file: ByteSource
  footer: ParquetFooter
  columns: ParquetColumn[]
}

const maxBatchRows = 65_536
const batchBytes = 8 * 2 ** 20
/** Pages of all columns that are held at once, inflated. */
const maxHeldBytes = 256 * 2 ** 20

/** The columns of Parquet files that a table can have. Several files form one table, in their order. */
export function openParquet(
  files: readonly ByteSource[],
  form: Pick<TableForm, 'types'>,
  limits: DatasetLimits,
): ColumnSource & { rows: number } {
  const isText = (type: ColumnType) => type === 'category' || type === 'text'
  const exact = new Set(form.types.filter(([, type]) => isText(type)).map(([name]) => name))
  const opened = files.map(file => openFile(file, exact))
  const [first] = opened
  const columns = first!.columns.map(({ leaf, type }) => ({ name: leaf.name, type: type.source }))
  const { file } = first!
  checkSourceNames(
    file.name,
    columns.map(({ name }) => name),
    limits,
  )
  for (const other of opened.slice(1)) {
    const sources = other.columns.map(({ leaf, type }) => ({ name: leaf.name, type: type.source }))
    checkSameColumns(other.file.name, sources, columns)
  }
  const rows = opened.reduce((sum, { footer }) => sum + footer.rows, 0)
  checkCells(file.name, rows, columns.length, limits)
  const notes = new Notes()
  const kept = new Set(first!.columns.map(({ leaf }) => leaf))
  const left = first!.footer.leaves.filter(leaf => !kept.has(leaf)).map(({ name }) => name)
  noteLeftOut([...left, ...first!.footer.nested], notes)
  return {
    columns,
    notes: notes.all,
    rows,
    *batches() {
      for (const each of opened) yield* readBatches(each, limits)
    },
  }
}

function openFile(file: ByteSource, exact: ReadonlySet<string>): ParquetFile {
  const footer = readFooter(file)
  const columns = footer.leaves.flatMap(leaf => {
    const { name, element } = leaf
    const type = isPandasIndex(name) ? null : leafTypeOf(element, exact.has(name))
    return type ? [{ leaf, type }] : []
  })
  if (columns.length === 0) {
    const found = listNames(footer.nested.concat(footer.leaves.map(({ name }) => name)))
    const detail = `no column has numbers, booleans or texts: ${found || 'there are none'}`
    throw fileError('DATASET_FORMAT', { file: file.name }, detail)
  }
  return { file, footer, columns }
}

function* readBatches(parquet: ParquetFile, limits: DatasetLimits): Generator<ColumnBatch> {
  const { file, footer, columns } = parquet
  const budget = new InflationBudget(file, limits.inflationRatio)
  const batchRows = Math.max(1, Math.min(maxBatchRows, batchBytes / (8 * columns.length)))
  let firstRow = 0
  for (const rowGroup of footer.rowGroups) {
    const cursors = columns.map(({ leaf, type }) => {
      const reader = new PageReader(file, leaf, type, rowGroup, budget)
      return new ColumnCursor(() => reader.next())
    })
    const end = firstRow + Number(rowGroup.num_rows)
    while (firstRow < end) {
      const rows = Math.min(Math.floor(batchRows), end - firstRow)
      yield { file: file.name, firstRow, rows, columns: takeAll(parquet, cursors, rows) }
      firstRow += rows
    }
  }
}

function takeAll({ file, columns }: ParquetFile, cursors: readonly ColumnCursor[], rows: number) {
  let held = 0
  return cursors.map((cursor, at) => {
    const values = cursor.take(rows)
    held += cursor.heldBytes
    if (held <= maxHeldBytes) return values
    const detail = `the pages of the first ${at + 1} of ${columns.length} columns, up to ${quoteCell(columns[at]!.leaf.name)}, take more than ${maxHeldBytes} bytes at once: write smaller pages, such as data_page_size=65536 of pyarrow`
    throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
  })
}
