// Only the prediction thread imports this, since the readers of Arrow and Parquet take a while to load.
import { defaultLimits as datasetLimits } from '../../datasets/limits.js'
import { openArrowImages } from '../../datasets/tables/arrow/arrow-images.js'
import { openArrow } from '../../datasets/tables/arrow/arrow-source.js'
import { ReadBudget } from '../../datasets/tables/arrow/read-budget.js'
import type {
  ColumnBatch,
  ColumnSource,
  ColumnValues,
  SourceType,
  Texts,
} from '../../datasets/tables/columns/column-batch.js'
import type { ByteSource } from '../../datasets/tables/csv.js'
import { openParquet } from '../../datasets/tables/parquet/parquet-source.js'
import type { ValueBatch } from '../../datasets/tables/row-encoder.js'
import { fieldError, TrainyardError } from '../../errors.js'
import type { EncodedRows, RowModel, RowPredictionOptions } from '../../predictions/row-encoding.js'
import type { ImageCounts } from '../../serving/image-counts.js'
import { type ReadImages, readImageFiles } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import { listNames, Notes } from '../../spec/notes.js'
import { invalidRequest } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { copyPixelNumbers, pixelsOf, valuesPerImage } from './pixels.js'
import { readColumnRows } from './rows.js'

/** Beside twice the body: what its compressed buffers and dictionaries may take. */
const inflatedBytes = 64 * 2 ** 20
const inflationRatio = 2

/** Rows of an Arrow file or stream, or of a Parquet file, by the names of the columns. */
export function readTypedRows(
  format: 'arrow' | 'parquet',
  bytes: Uint8Array,
  model: RowModel,
  options: RowPredictionOptions,
  limits: Limits,
): EncodedRows {
  const { columns: maxColumns, rows: maxRows } = limits
  const source = { ...datasetLimits, columns: maxColumns, rows: maxRows, inflationRatio }
  const file = sourceOf(bytes)
  const exact = model.columns.filter(({ type }) => type === 'category')
  const types = exact.map(({ name }): [string, 'category'] => [name, 'category'])
  const opened =
    format === 'arrow'
      ? openArrow([file], source, budgetOf(bytes))
      : openParquet([file], { types }, source)
  const given = { count: opened.rows, batches: valueBatches(opened) }
  const { report, ...rows } = readColumnRows(given, model, options, limits)
  return { ...rows, report: { ...report, notes: opened.notes } }
}

const budgetOf = ({ length }: Uint8Array) => new ReadBudget(inflatedBytes + 2 * length)

/** The readers copy what they keep. */
function sourceOf({ buffer, byteOffset, length: size }: Uint8Array): ByteSource {
  const content = Buffer.from(buffer, byteOffset, size)
  return {
    name: 'the body',
    size,
    read: (offset, length) => content.subarray(Math.max(0, offset), Math.max(0, offset) + length),
  }
}

function* valueBatches({ columns, batches }: ColumnSource): Generator<ValueBatch> {
  for (const batch of batches() as Iterable<ColumnBatch>) {
    const { firstRow, rows } = batch
    yield {
      firstRow,
      rows,
      columns: columns.map(({ name, type }, column) => ({
        name,
        value: valueReader(batch.columns[column]!, type),
      })),
    }
  }
}

/** Values as JSON has them; NaN is missing, as in a data set. */
function valueReader(values: ColumnValues, type: SourceType): (row: number) => unknown {
  const { valid } = values
  const isMissing = (row: number) => valid !== null && valid[row] === 0
  if (values.kind === 'texts') return row => (isMissing(row) ? null : textAt(values.texts, row))
  if (values.kind === 'dictionary')
    return row => (isMissing(row) ? null : textAt(values.dictionary, values.codes[row]!))
  return row => {
    const value = values.values[row]!
    if (isMissing(row) || Number.isNaN(Number(value))) return null
    if (type === 'boolean') return value !== 0
    return typeof value === 'bigint' ? exactNumber(value) : value
  }
}

const textAt = ({ bytes, offsets }: Texts, at: number) =>
  bytes.toString('utf8', offsets[at], offsets[at + 1])

/** A number that float64 does not hold can only be found as a category, by its digits. */
const exactNumber = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value)

/** Images of an Arrow file or stream. */
export function readArrowImages(
  bytes: Uint8Array,
  input: FileInput,
  counts: ImageCounts,
  maxPixels: number,
): ReadImages {
  const images = openArrowImages(sourceOf(bytes), budgetOf(bytes))
  const path = `/${images.column}`
  const maxImages = images.pixels === null ? counts.files : counts.pixels
  if (images.rows < 1 || images.rows > maxImages) {
    const message = `there are ${images.rows} images, expected 1 to ${maxImages}`
    throw invalidRequest(path, 'wrong_length', message)
  }
  const size = valuesPerImage(input)
  if (images.pixels !== null && images.pixels !== size) {
    const message = `column '${images.column}' has lists of ${images.pixels} values, expected ${size}: ${input.height} x ${input.width} x ${input.channels}`
    throw invalidInstances(path, 'wrong_length', message)
  }
  const files: Uint8Array[] = []
  const data = new Float32Array(images.pixels === null ? 0 : images.rows * size)
  let filled = 0
  for (const batch of images.batches()) {
    if ('files' in batch) {
      files.push(...batch.files)
      continue
    }
    const numbers = batch.numbers as Exclude<typeof batch.numbers, BigInt64Array | BigUint64Array>
    const target = data.subarray(filled * size)
    const found = copyPixelNumbers(target, numbers, input, { first: filled, path })
    if (found) throw invalidInstances(found.path, 'out_of_range', `${found.path}: ${found.message}`)
    filled += numbers.length / size
  }
  const read =
    images.pixels === null
      ? readImageFiles(files, { input, maxPixels, pathOf: index => `${path}/${index}` })
      : pixelsOf(data, input)
  return { ...read, notes: [...read.notes, ...notesOf(images.others)] }
}

function notesOf(others: readonly string[]) {
  const notes = new Notes()
  if (others.length > 0) {
    const message = `columns that the model does not use are passed over: ${listNames(others)}`
    notes.add('columns_passed_over', message, others)
  }
  return notes.all
}

const invalidInstances = (path: string, code: 'wrong_length' | 'out_of_range', message: string) =>
  new TrainyardError('INVALID_INSTANCES', message, { errors: [fieldError(path, code, message)] })
