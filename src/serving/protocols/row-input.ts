import type { TableRow } from '../../datasets/tables/row-encoder.js'
import { quoteTruncated } from '../../errors.js'
import {
  checkRowCount,
  type EncodedRows,
  encodeModelRows,
  type RowLimits,
  type RowModel,
  type RowPredictionOptions,
} from '../../predictions/row-encoding.js'
import {
  describeShape,
  invalidRequest,
  invalidValues,
  type NumberTensor,
  type Tensor,
} from './tensor.js'

/** The input that has all columns, in their order. */
export const rowsName = 'rows'

/** Whether a model's rows can come as one matrix of numbers. */
export const takesMatrix = ({ columns, offset }: Pick<RowModel, 'columns' | 'offset'>): boolean =>
  offset === null && columns.every(({ name, type }) => type !== 'category' && name !== rowsName)

/** Tensors → rows: `rows` [n, columns], or one tensor [n] or [n, 1] for each column, by its name. */
export function rowsFromTensors(
  tensors: readonly Tensor[],
  model: RowModel,
  options: RowPredictionOptions,
  limits: RowLimits,
): EncodedRows {
  const [first, ...others] = tensors
  if (first === undefined) {
    throw invalidRequest(`there is no input, expected ${describeInputs(model)}`)
  }
  const isMatrix = first.name === rowsName && !model.columns.some(({ name }) => name === rowsName)
  if (isMatrix && others.length > 0) {
    throw invalidRequest(`'${rowsName}' has all columns, so that there can be no other input`)
  }
  const rows = isMatrix ? matrixRows(first, model, limits) : columnRows(tensors, model, limits)
  return encodeModelRows({ rows }, model, options, limits)
}

function matrixRows(tensor: Tensor, model: RowModel, limits: RowLimits): TableRow[] {
  const width = model.columns.length
  if (!takesMatrix(model) || tensor.datatype === 'BYTES') {
    const reason =
      tensor.datatype === 'BYTES'
        ? 'is of type BYTES'
        : 'is a matrix of numbers, and not all columns are'
    throw invalidRequest(`'${rowsName}' ${reason}: send ${describeInputs(model)}`)
  }
  const [count = 0, columns, ...rest] = tensor.shape
  if (columns !== width || rest.length > 0) {
    const message = `'${rowsName}' has the shape ${describeShape(tensor.shape)}, expected [n, ${width}]`
    throw invalidValues(message)
  }
  checkRowCount(count, false, { columns: width, outputs: model.outputs }, limits)
  const cells = numberCells(tensor)
  return Array.from({ length: count }, (_, row) => cells.slice(row * width, (row + 1) * width))
}

function columnRows(tensors: readonly Tensor[], model: RowModel, limits: RowLimits): TableRow[] {
  const count = tensors[0]!.shape[0] ?? 0
  for (const { name, shape } of tensors) {
    if (shape.length < 1 || shape.slice(1).some(size => size !== 1)) {
      const message = `${quoteTruncated(name)} has the shape ${describeShape(shape)}, expected [n] or [n, 1] for one column; the inputs are ${describeInputs(model)}`
      throw invalidValues(message)
    }
    if (shape[0] === count) continue
    const message = `${quoteTruncated(name)} has ${shape[0]} rows, but ${quoteTruncated(tensors[0]!.name)} has ${count}`
    throw invalidValues(message)
  }
  checkRowCount(count, false, { columns: tensors.length, outputs: model.outputs }, limits)
  // a column may be called __proto__
  const rows = Array.from({ length: count }, () => Object.create(null) as Record<string, unknown>)
  for (const tensor of tensors) {
    const cells =
      tensor.datatype === 'BYTES' ? textCells(tensor.name, tensor.values) : numberCells(tensor)
    for (const [row, cell] of cells.entries()) rows[row]![tensor.name] = cell
  }
  return rows
}

/** NaN is a missing value, as in a data frame. */
function numberCells({ datatype, values }: NumberTensor): unknown[] {
  const numbers = Array.from(values as Float32Array, Number)
  if (datatype === 'BOOL') return numbers.map(value => value === 1)
  return numbers.map(value => (Number.isNaN(value) ? null : value))
}

function textCells(name: string, values: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return values.map((value, row) => {
    try {
      return decoder.decode(value)
    } catch {
      throw invalidValues(`${quoteTruncated(name)}[${row}] is no text in UTF-8`)
    }
  })
}

function describeInputs(model: RowModel): string {
  const names = model.columns.slice(0, 3).map(({ name }) => quoteTruncated(name))
  const byColumn = `one input for each column (${names.join(', ')}${model.columns.length > 3 ? ', …' : ''})`
  return takesMatrix(model) ? `'${rowsName}' or ${byColumn}` : byColumn
}
