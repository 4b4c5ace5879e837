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
import { BatchMemory } from './batch-memory.js'
import { ColumnCursor } from './column-cursor.js'
import { type LeafType, leafTypeOf } from './column-type.js'
import type { PageKernel } from './page-kernel.js'
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

export interface ParquetSource extends ColumnSource {
  rows: number
  /** True if the rows are decoded sooner than they are read from another file. */
  isQuick: boolean
}

const maxBatchRows = 65_536
const batchBytes = 8 * 2 ** 20
/** Pages of all columns that are held at once, inflated. */
const maxHeldBytes = 256 * 2 ** 20

/**
 * The columns of Parquet files that a table can have. Several files form one table, in their order. With a `kernel`,
 * which takes memory, only one such source is read at a time, and a batch overwrites the one before.
 */
export function openParquet(
  files: readonly ByteSource[],
  form: Pick<TableForm, 'types'>,
  limits: DatasetLimits,
  kernel: PageKernel | null = null,
): ParquetSource {
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
    isQuick: kernel !== null && opened.every(isQuick),
    *batches() {
      for (const each of opened) yield* readBatches(each, limits, kernel)
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

/** True if the kernels decode all columns: numbers, and codes of texts. */
const isQuick = ({ footer, columns }: ParquetFile): boolean =>
  footer.rowGroups.every(rowGroup =>
    columns.every(({ leaf, type }) => {
      const { codec, dictionary_page_offset: dictionary } = rowGroup.columns[leaf.chunk]!.meta_data!
      const isInflated = codec === 'UNCOMPRESSED' || codec === 'SNAPPY'
      return isInflated && (type.fixed !== null || dictionary !== undefined)
    }),
  )

function* readBatches(
  parquet: ParquetFile,
  limits: DatasetLimits,
  kernel: PageKernel | null,
): Generator<ColumnBatch> {
  const { file, footer, columns } = parquet
  const budget = new InflationBudget(file, limits.inflationRatio)
  const maxRows = Math.min(maxBatchRows, Math.floor(batchBytes / (8 * columns.length)))
  const batchRows = Math.max(1, maxRows)
  const memories = columns.map(() => kernel && new BatchMemory(kernel.arena, batchRows))
  let firstRow = 0
  for (const rowGroup of footer.rowGroups) {
    const readers = columns.map(
      ({ leaf, type }) => new PageReader(file, leaf, type, rowGroup, budget, kernel),
    )
    const cursors = readers.map(
      (reader, column) => new ColumnCursor(() => reader.next(), memories[column]!),
    )
    const end = firstRow + Number(rowGroup.num_rows)
    while (firstRow < end) {
      const rows = Math.min(batchRows, end - firstRow)
      yield { file: file.name, firstRow, rows, columns: takeAll(parquet, cursors, rows) }
      firstRow += rows
    }
    for (const cursor of cursors) cursor.close()
    for (const reader of readers) reader.close()
  }
  for (const memory of memories) memory?.close()
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
