// Bodies of raw numbers, as NumPy's tobytes() writes them on most machines: little-endian, row-major.
import { escapePointerToken, FieldErrors, fieldError, TrainyardError } from '../../errors.js'
import type { EncodedRows, RowModel, RowPredictionOptions } from '../../predictions/row-encoding.js'
import type { ReadImages } from '../../serving/image-files.js'
import type { TensorType } from '../../spec/predict-options.js'
import type { Limits } from '../http/limits.js'
import { copyPixelNumbers, type ImageShape, pixelsOf, valuesPerImage } from './pixels.js'
import { readColumnRows } from './rows.js'

/** What the request says of its numbers. */
export interface TensorForm {
  dtype: TensorType
  shape: readonly number[]
  /** Where the shape is, for errors. */
  path: string
}

const arrayTypes = { uint8: Uint8Array, float32: Float32Array, float64: Float64Array }

const invalid = (path: string, message: string) =>
  new TrainyardError('INVALID_INSTANCES', message, {
    errors: [fieldError(path, 'wrong_length', message)],
  })

const product = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1)

function numbersOf(bytes: Uint8Array, { dtype, shape }: TensorForm) {
  const ArrayType = arrayTypes[dtype]
  const length = product(shape)
  const expected = length * ArrayType.BYTES_PER_ELEMENT
  if (bytes.length !== expected) {
    const message = `the body has ${bytes.length} bytes, and the shape ${shape.join(',')} of ${dtype} takes ${expected}`
    throw invalid('', message)
  }
  if (bytes.byteOffset % ArrayType.BYTES_PER_ELEMENT === 0)
    return new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset, length)
  return new ArrayType(bytes.slice().buffer, 0, length)
}

/** Raw pixels from 0 to 255 of images that have the model's size. */
export function readImageTensor(
  bytes: Uint8Array,
  form: TensorForm,
  input: ImageShape,
  maxImages: number,
): ReadImages {
  const count = imagesOf(form, input)
  if (count < 1 || count > maxImages)
    throw invalid(form.path, `the shape has ${count} images, expected 1 to ${maxImages}`)
  const numbers = numbersOf(bytes, form)
  const data = new Float32Array(numbers.length)
  const found = copyPixelNumbers(data, numbers, input, { first: 0, path: '' })
  if (!found) return pixelsOf(data, input)
  const { path, message } = found
  throw new TrainyardError('INVALID_INSTANCES', `${path}: ${message}`, {
    errors: [fieldError(path, 'out_of_range', message)],
  })
}

/** The number of images that a shape has: [n, h, w, c], or without n for one image, without c if it is 1, or flat. */
function imagesOf({ shape, path }: TensorForm, input: ImageShape): number {
  const { height, width, channels } = input
  const layouts = [
    [height, width, channels],
    ...(channels === 1 ? [[height, width]] : []),
    [valuesPerImage(input)],
  ]
  for (const layout of layouts) {
    const own = shape.slice(-layout.length)
    const rest = shape.slice(0, -layout.length)
    if (own.join() === layout.join() && rest.length <= 1) return rest[0] ?? 1
  }
  const expected = layouts.map(layout => `n,${layout.join(',')}`).join(' or ')
  throw invalid(path, `the shape is ${shape.join(',')}, expected ${expected}`)
}

/**
 * Raw numbers of rows, in the order of the columns, with the offset at the end. NaN is missing, a category is its code
 * and a boolean is 0 or 1.
 */
export function readRowTensor(
  bytes: Uint8Array,
  form: TensorForm,
  model: RowModel,
  options: RowPredictionOptions,
  limits: Limits,
): EncodedRows {
  const { columns, offset } = model
  const names = [...columns.map(({ name }) => name), ...(offset === null ? [] : [offset])]
  const width = names.length
  const { shape, path } = form
  if (shape.at(-1) !== width || shape.length > 2) {
    const message = `the shape is ${shape.join(',')}, expected n,${width}: a number for each column${offset === null ? '' : ', and the offset'}`
    throw invalid(path, message)
  }
  const numbers = numbersOf(bytes, form)
  const count = numbers.length / width
  checkCodes(numbers, width, columns)
  const batch = {
    firstRow: 0,
    rows: count,
    columns: names.map((name, column) => {
      const categories = columns[column]?.categories
      return {
        name,
        value(row: number) {
          const value = numbers[row * width + column]!
          if (Number.isNaN(value)) return null
          return categories ? categories[value] : value
        },
      }
    }),
  }
  return readColumnRows({ count, batches: [batch] }, model, options, limits)
}

function checkCodes(numbers: ArrayLike<number>, width: number, columns: RowModel['columns']): void {
  const errors = new FieldErrors()
  for (const [column, { name, categories }] of columns.entries()) {
    if (!categories) continue
    for (let row = 0; row * width < numbers.length; row++) {
      const code = numbers[row * width + column]!
      if (Number.isNaN(code) || categories[code] !== undefined) continue
      const message = `row ${row}: '${name}' is ${code}, expected the code of a category, 0 to ${categories.length - 1}, or NaN`
      errors.add(`/instances/${row}/${escapePointerToken(name)}`, 'invalid_value', message)
    }
  }
  errors.throwIfAny('INVALID_INSTANCES')
}
