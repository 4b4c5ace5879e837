import { TrainyardError } from '../../../errors.js'
import { listNames, Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import type {
  ColumnBatch,
  ColumnSource,
  ColumnValues,
  NumberArray,
  Texts,
} from '../columns/column-batch.js'
import {
  checkCells,
  checkSameColumns,
  checkSourceNames,
  isPandasIndex,
  noteLeftOut,
} from '../typed-table.js'
import { type ArrowBlock, type ArrowFile, damaged, openArrowFile } from './arrow-file.js'
import type { ArrowField } from './arrow-schema.js'
import {
  type ArrowValues,
  bufferCountOf,
  type ColumnBuffers,
  isView,
  readIntegers,
  readValidity,
  readValues,
  sourceTypeOf,
} from './arrow-values.js'
import { BodyBuffers } from './body-buffers.js'
import { Dictionaries } from './dictionaries.js'

/** A column that a table can have, and where its node and buffers lie in each batch. */
interface ArrowColumn {
  field: ArrowField
  node: number
  buffer: number
  /** Columns of views before it, each of which may have more buffers. */
  views: number
}

const maxBatchRows = 65_536
const batchBytes = 8 * 2 ** 20

/** The columns of Arrow files and streams that a table can have. Several form one table, in their order. */
export function openArrow(files: readonly InputFile[], limits: DatasetLimits): ColumnSource {
  const opened = files.map(file => openArrowFile(file))
  const columnsOf = opened.map(({ schema, file }) => usableColumns(file, schema.fields))
  const sources = columnsOf.map(columns =>
    columns.map(({ field }) => ({ name: field.name, type: sourceTypeOf(field.type)! })),
  )
  const [first] = sources
  const names = first!.map(({ name }) => name)
  checkSourceNames(files[0]!.name, names, limits)
  for (const [at, columns] of sources.entries()) checkSameColumns(files[at]!.name, columns, first!)
  const rows = opened.reduce((sum, file) => sum + file.rows, 0)
  checkCells(files[0]!.name, rows, names.length, limits)
  const notes = new Notes()
  const kept = new Set(columnsOf[0]!.map(({ field }) => field))
  const left = opened[0]!.schema.fields.filter(field => !kept.has(field))
  noteLeftOut(
    left.map(({ name }) => name),
    notes,
  )
  return {
    columns: first!,
    notes: notes.all,
    *batches() {
      for (const [at, file] of opened.entries()) yield* readBatches(file, columnsOf[at]!)
    },
  }
}

/** Counts nodes and buffers of all columns, since those that are left out have some as well. */
function usableColumns(file: InputFile, fields: readonly ArrowField[]): ArrowColumn[] {
  const columns: ArrowColumn[] = []
  let node = 0
  let buffer = 0
  let views = 0
  const pass = (field: ArrowField) => {
    node++
    buffer += bufferCountOf(field)
    if (isView(field)) views++
    if (!field.dictionary) for (const child of field.children) pass(child)
  }
  for (const field of fields) {
    if (sourceTypeOf(field.type) !== null && !isPandasIndex(field.name)) {
      columns.push({ field, node, buffer, views })
    }
    pass(field)
  }
  if (columns.length > 0) return columns
  const found = listNames(fields.map(({ name }) => name)) || 'there are none'
  const detail = `no column has numbers, booleans or texts: ${found}`
  throw fileError('DATASET_FORMAT', { file: file.name }, detail)
}

function* readBatches(arrow: ArrowFile, columns: readonly ArrowColumn[]): Generator<ColumnBatch> {
  const { file } = arrow
  const dictionaries = new Dictionaries(file, arrow.schema.fields)
  const rowBytes = 8 * columns.length
  const batchRows = Math.max(1, Math.min(maxBatchRows, Math.floor(batchBytes / rowBytes)))
  let firstRow = 0
  for (const block of arrow.blocks()) {
    if (block.dictionary) {
      dictionaries.add(block)
      continue
    }
    const buffers = new BodyBuffers(file, block)
    const readers = columns.map(column => columnReader(file, block, buffers, column, dictionaries))
    const { rows } = block.batch
    for (let from = 0; from < rows; from += batchRows) {
      const count = Math.min(batchRows, rows - from)
      yield {
        file: file.name,
        firstRow: firstRow + from,
        rows: count,
        columns: readers.map(read => read(from, count)),
      }
    }
    firstRow += rows
  }
}

type ColumnReader = (from: number, rows: number) => ColumnValues

function columnReader(
  file: InputFile,
  block: ArrowBlock,
  buffers: BodyBuffers,
  { field, node, buffer, views }: ArrowColumn,
  dictionaries: Dictionaries,
): ColumnReader {
  const { batch } = block
  const extra = batch.variadic.slice(0, views).reduce((sum, count) => sum + count, 0)
  const column: ColumnBuffers = {
    buffers,
    first: buffer + extra,
    variadic: isView(field) ? (batch.variadic[views] ?? 0) : 0,
  }
  const where = `column '${field.name}'`
  const stated = batch.nodes[node]?.length
  if (stated !== batch.rows) {
    const detail = `${where} has ${stated} rows in a batch of ${batch.rows}`
    throw damaged(file, block.body, detail)
  }
  return (from, rows) => {
    try {
      // a column of nulls has no buffers
      const hasBuffers = field.dictionary !== null || field.type.name !== 'null'
      const valid = hasBuffers ? readValidity(column, from, rows) : null
      if (!field.dictionary) return { ...readValues(field.type, column, from, rows, valid), valid }
      const { index, id } = field.dictionary
      const codes = readIntegers(index.bitWidth, index.isSigned, column, from, rows)
      return decode(codes, dictionaries.get(id), rows, valid)
    } catch (error) {
      if (error instanceof TrainyardError) throw error
      throw damaged(file, block.body, `${where} cannot be read: ${(error as Error).message}`, error)
    }
  }
}

function decode(
  indices: NumberArray,
  dictionary: ArrowValues,
  rows: number,
  valid: ColumnValues['valid'],
): ColumnValues {
  const size = sizeOf(dictionary)
  const codes = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    if (valid !== null && valid[row] === 0) continue
    const code = Number(indices[row])
    if (!(code >= 0 && code < size)) throw new RangeError(`it has code ${code} of ${size} values`)
    codes[row] = code
  }
  if (dictionary.kind === 'texts')
    return { kind: 'dictionary', codes, dictionary: dictionary.texts, valid }
  const { values } = dictionary
  const numbers = new (values.constructor as new (length: number) => NumberArray)(rows)
  // the dictionary is empty if all rows are missing
  if (size > 0) for (let row = 0; row < rows; row++) numbers[row] = values[codes[row]!]!
  return { kind: 'numbers', values: numbers, valid }
}

const sizeOf = (values: ArrowValues): number =>
  values.kind === 'numbers' ? values.values.length : textCount(values.texts)

const textCount = ({ offsets }: Texts): number => offsets.length - 1
