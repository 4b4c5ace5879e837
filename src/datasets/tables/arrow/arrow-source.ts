import { TrainyardError } from '../../../errors.js'
import { listNames, Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import type {
  ColumnBatch,
  ColumnSource,
  ColumnValues,
  NumberArray,
  Texts,
} from '../columns/column-batch.js'
import type { ByteSource } from '../csv.js'
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
  readIntegers,
  readValidity,
  readValues,
  sourceTypeOf,
} from './arrow-values.js'
import { BodyBuffers } from './body-buffers.js'
import { type ArrowColumn, columnBuffers, placedColumns } from './column-places.js'
import { Dictionaries } from './dictionaries.js'
import { unlimited } from './read-budget.js'

const maxBatchRows = 65_536
const batchBytes = 8 * 2 ** 20

/** The columns of Arrow files and streams that a table can have. Several form one table, in their order. */
export function openArrow(
  files: readonly ByteSource[],
  limits: DatasetLimits,
  budget = unlimited(),
): ColumnSource & { rows: number } {
  const opened = files.map(file => openArrowFile(file, budget))
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
    rows,
    *batches() {
      for (const [at, file] of opened.entries()) yield* readBatches(file, columnsOf[at]!)
    },
  }
}

function usableColumns(file: ByteSource, fields: readonly ArrowField[]): ArrowColumn[] {
  const columns = placedColumns(fields).filter(
    ({ field }) => sourceTypeOf(field.type) !== null && !isPandasIndex(field.name),
  )
  if (columns.length > 0) return columns
  const found = listNames(fields.map(({ name }) => name)) || 'there are none'
  const detail = `no column has numbers, booleans or texts: ${found}`
  throw fileError('DATASET_FORMAT', { file: file.name }, detail)
}

function* readBatches(arrow: ArrowFile, columns: readonly ArrowColumn[]): Generator<ColumnBatch> {
  const { file, budget } = arrow
  const dictionaries = new Dictionaries(file, arrow.schema.fields, budget)
  const rowBytes = 8 * columns.length
  const batchRows = Math.max(1, Math.min(maxBatchRows, Math.floor(batchBytes / rowBytes)))
  let firstRow = 0
  for (const block of arrow.blocks()) {
    if (block.dictionary) {
      dictionaries.add(block)
      continue
    }
    const buffers = new BodyBuffers(file, block, budget)
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
  file: ByteSource,
  block: ArrowBlock,
  buffers: BodyBuffers,
  placed: ArrowColumn,
  dictionaries: Dictionaries,
): ColumnReader {
  const { batch } = block
  const column = columnBuffers(placed, buffers, batch)
  const { field, node } = placed
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
