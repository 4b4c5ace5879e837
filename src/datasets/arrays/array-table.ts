import { Notes } from '../../spec/notes.js'
import type { ConversionInput } from '../conversion-input.js'
import { fileError } from '../errors.js'
import { convertColumns } from '../tables/column-conversion.js'
import type {
  ColumnBatch,
  ColumnSource,
  ColumnValues,
  NumberArray,
  SourceColumn,
} from '../tables/columns/column-batch.js'
import { textsOf } from '../tables/columns/prepared-values.js'
import type { TableContent } from '../tables/table-content.js'
import type { TableForm } from '../tables/table-form.js'
import { checkSourceNames } from '../tables/typed-table.js'
import { noteRoles } from './array-images.js'
import { ArrayLabels } from './array-labels.js'
import type { SortedArrays } from './array-roles.js'
import type { NpyArray } from './npy.js'
import { type ElementType, isNumeric, numberReader, readText } from './npy-type.js'

const maxBatchRows = 65_536
const batchBytes = 4 * 2 ** 20

/** The column of the labels of a table, which is its target unless the form says another. */
const labelColumn = 'target'

/** A table of an array [n, columns], or of records with named fields; labels become the column `target`. */
export async function convertArrayTable(
  input: ConversionInput<TableForm>,
  sorted: SortedArrays,
): Promise<TableContent> {
  const [part, other] = sorted.parts
  const { data, labels } = part!
  if (other) {
    const detail = `there are tables of ${sorted.parts.length} splits: upload each as a data set of its own, and name that of ${other.split} in a job's validation`
    throw fileError('DATASET_FORMAT', other.data.location, detail)
  }
  const columns = columnsOf(data)
  if (labels) columns.push(labelsOf(labels))
  const names = columns.map(({ name }) => name)
  checkSourceNames(data.location.file, names, input.limits)
  const notes = new Notes()
  noteRoles(notes, sorted)
  const form = input.form.target ?? (labels ? labelColumn : null)
  return convertColumns(
    { ...input, form: { ...input.form, target: form } },
    new ArraySource(data, columns, notes),
  )
}

/** A column of the table: the elements at one place of each row of an array. */
interface ArrayColumn extends SourceColumn {
  /** Reads rows. `first` is the first of them. */
  read(first: number, rows: number): ColumnValues
}

class ArraySource implements ColumnSource {
  readonly notes
  private readonly batchRows: number

  constructor(
    private readonly data: NpyArray,
    readonly columns: readonly ArrayColumn[],
    notes: Notes,
  ) {
    this.notes = notes.all
    const rows = Math.floor(batchBytes / Math.max(data.rowBytes, 8 * columns.length))
    this.batchRows = Math.min(maxBatchRows, Math.max(1, rows))
  }

  *batches(): Generator<ColumnBatch> {
    const { data, columns, batchRows } = this
    for (let firstRow = 0; firstRow < data.rows; firstRow += batchRows) {
      const rows = Math.min(batchRows, data.rows - firstRow)
      yield {
        ...{ file: data.location.file, firstRow, rows },
        columns: columns.map(column => column.read(firstRow, rows)),
      }
    }
  }
}

function columnsOf(array: NpyArray): ArrayColumn[] {
  const { shape, type } = array
  const { element, fields } = type
  if (!element) {
    if (array.rowItems === 1)
      return fields.map(field => columnOf(array, field.name, field.type, field.offset))
    const detail = `the array is ${array.describe()}, expected records (n)`
    throw fileError('DATASET_FORMAT', array.location, detail)
  }
  if (shape.length > 2) {
    const detail = `the array is ${array.describe()}, expected a table (n, columns)`
    throw fileError('DATASET_FORMAT', array.location, detail)
  }
  return Array.from({ length: array.rowItems }, (_, at) =>
    columnOf(array, `column_${at + 1}`, element, at * element.bytes),
  )
}

/** Labels of any type; one-hot rows become numbers. */
function labelsOf(array: NpyArray): ArrayColumn {
  const { element } = array.type
  if (element && array.rowItems === 1) return columnOf(array, labelColumn, element, 0)
  const labels = new ArrayLabels(array)
  return {
    name: labelColumn,
    type: 'integer',
    read: (first, rows) => ({
      ...{ kind: 'numbers' as const, valid: null },
      values: Int32Array.from({ length: rows }, (_, row) => Number(labels.read(first + row))),
    }),
  }
}

function columnOf(array: NpyArray, name: string, type: ElementType, offset: number): ArrayColumn {
  if (isNumeric(type)) {
    const read = valueReader(type)
    return {
      name,
      type: type.kind === 'bool' ? 'boolean' : type.kind === 'float' ? 'number' : 'integer',
      read: (first, rows) => {
        const values = newValues(type, rows)
        for (let row = 0; row < rows; row++) {
          values[row] = read(array.readRow(first + row), offset)
        }
        return { kind: 'numbers', values, valid: null }
      },
    }
  }
  return {
    name,
    type: 'text',
    read: (first, rows) => {
      const texts = Array.from({ length: rows }, (_, row) => {
        const text = readText(type, array.readRow(first + row), offset)
        if (text !== null) return text
        const location = { ...array.location, row: first + row + 1 }
        throw fileError('DATASET_VALUE', location, `the text in '${name}' is no valid Unicode`)
      })
      return { kind: 'texts', texts: textsOf(texts), valid: null }
    },
  }
}

function newValues({ kind, bytes }: ElementType, rows: number): NumberArray {
  if (kind === 'float') return bytes === 8 ? new Float64Array(rows) : new Float32Array(rows)
  if (kind === 'bool' || bytes === 1) {
    return kind === 'int' ? new Int8Array(rows) : new Uint8Array(rows)
  }
  const isSigned = kind === 'int'
  if (bytes === 2) return isSigned ? new Int16Array(rows) : new Uint16Array(rows)
  if (bytes === 4) return isSigned ? new Int32Array(rows) : new Uint32Array(rows)
  return isSigned ? new BigInt64Array(rows) : new BigUint64Array(rows)
}

/** As `numberReader`, but exact for integers of 64 bits. */
function valueReader(type: ElementType): (bytes: Buffer, offset: number) => number | bigint {
  const { kind, bytes: size, littleEndian: little } = type
  if (size !== 8 || kind === 'float') return numberReader(type)
  return kind === 'int'
    ? (bytes, at) => (little ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at))
    : (bytes, at) => (little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
}
