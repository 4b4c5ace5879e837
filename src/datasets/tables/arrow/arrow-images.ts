import { TrainyardError } from '../../../errors.js'
import { listNames } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import type { NumberArray } from '../columns/column-batch.js'
import type { ByteSource } from '../csv.js'
import { type ArrowBlock, damaged, openArrowFile } from './arrow-file.js'
import type { ArrowField } from './arrow-schema.js'
import {
  type ColumnBuffers,
  readBytes,
  readFloats,
  readIntegers,
  readValidity,
} from './arrow-values.js'
import { BodyBuffers } from './body-buffers.js'
import { type ArrowColumn, columnBuffers, placedColumns } from './column-places.js'
import type { ReadBudget } from './read-budget.js'

/** Some images that follow each other: files, or the numbers of all their pixels. */
export type ImageBatch = { files: Uint8Array[] } | { numbers: NumberArray }

export interface ArrowImages {
  column: string
  /** Columns that are not read. */
  others: string[]
  rows: number
  /** The numbers of one image; null if the images are files. */
  pixels: number | null
  /** Throws a TrainyardError if an image is missing or the file is damaged. */
  batches(): Iterable<ImageBatch>
}

/** Images of an Arrow file or stream: a column of bytes, or of lists of a fixed size whose values are pixels. */
export function openArrowImages(file: ByteSource, budget: ReadBudget): ArrowImages {
  const { schema, rows, blocks } = openArrowFile(file, budget)
  const found = placedColumns(schema.fields).filter(({ field }) => canBeImages(field))
  const [column] = found
  if (!column || found.length > 1) {
    const names = (column ? found.map(({ field }) => field) : schema.fields).map(({ name }) => name)
    const detail = column
      ? `several columns may be the images: ${listNames(names)}; send one of them`
      : `no column has images, as bytes or as lists of a fixed size with the values of pixels: ${listNames(names)}`
    throw fileError('DATASET_FORMAT', { file: file.name }, detail)
  }
  const { field } = column
  return {
    column: field.name,
    others: schema.fields.filter(each => each !== field).map(({ name }) => name),
    rows,
    pixels: field.type.name === 'fixed_list' ? field.type.size : null,
    *batches() {
      for (const block of blocks())
        if (!block.dictionary) yield readBlock(file, block, column, budget)
    },
  }
}

function canBeImages({ type, dictionary, children }: ArrowField): boolean {
  if (dictionary) return false
  if (type.name !== 'fixed_list')
    return ['binary', 'large_binary', 'binary_view'].includes(type.name)
  const values = children[0]?.type
  if (!values || children[0]!.dictionary || type.size < 1) return false
  return values.name === 'float' || (values.name === 'int' && [8, 16, 32].includes(values.bitWidth))
}

function readBlock(
  file: ByteSource,
  block: ArrowBlock,
  column: ArrowColumn,
  budget: ReadBudget,
): ImageBatch {
  const { rows, nodes } = block.batch
  const { field } = column
  try {
    if (nodes[column.node]?.length !== rows) throw new RangeError('its batches differ in length')
    const buffers = columnBuffers(column, new BodyBuffers(file, block, budget), block.batch)
    const valid = readValidity(buffers, 0, rows)
    if (valid) throw new RangeError(`row ${valid.indexOf(0)} of a batch has no image`)
    if (field.type.name === 'fixed_list') return { numbers: readList(field, buffers, rows) }
    const { bytes, offsets } = readBytes(field.type, buffers, 0, rows, valid)
    const files = Array.from({ length: rows }, (_, row) =>
      bytes.subarray(offsets[row], offsets[row + 1]),
    )
    return { files }
  } catch (error) {
    if (error instanceof TrainyardError) throw error
    const detail = `column '${field.name}' cannot be read: ${(error as Error).message}`
    throw damaged(file, block.body, detail, error)
  }
}

function readList({ type, children }: ArrowField, list: ColumnBuffers, rows: number): NumberArray {
  // after the validity of the list
  const values = { ...list, first: list.first + 1 }
  const count = rows * type.size
  if (readValidity(values, 0, count)) throw new RangeError('a pixel is missing')
  const item = children[0]!.type
  return item.name === 'float'
    ? readFloats(item, values, 0, count)
    : readIntegers(item.bitWidth, item.isSigned, values, 0, count)
}
