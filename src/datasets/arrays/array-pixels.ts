import type { Notes } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import { ImageError } from '../images/image-error.js'
import { type ImageForm, type PixelRange, pixelRanges } from '../images/image-form.js'
import { FloatPixels, inferRange } from '../images/tfrecord/float-pixels.js'
import type { NpyArray } from './npy.js'
import { type ElementType, isNumeric, numberReader } from './npy-type.js'

/** Turns the elements of rows into pixels of a byte each, the type in which images are stored. */
export interface ArrayPixels {
  /** Of the elements of a row, in their order. Throws an ImageError. The next call may overwrite the pixels. */
  read(array: NpyArray, row: number): Uint8Array
  addNotes(notes: Notes): void
}

/** Takes the range of the pixels from all of them if neither the type nor the form says it. */
export function openPixels(
  arrays: readonly NpyArray[],
  { pixelType, pixelRange }: ImageForm,
): ArrayPixels {
  const [first] = arrays as [NpyArray]
  const element = elementOf(first)
  for (const array of arrays) {
    if (elementOf(array).name === element.name) continue
    const detail = `the images are of ${elementOf(array).name}, and those of '${first.name}' of ${element.name}`
    throw fileError('DATASET_FORMAT', array.location, detail)
  }
  const isFloat = element.kind === 'float'
  if (pixelType && (pixelType === 'float32') !== isFloat) {
    const detail = `the form says dtype=${pixelType}, but the array is ${first.describe()}`
    throw fileError('DATASET_FORMAT', first.location, detail)
  }
  if (element.kind === 'bool') return openBooleans(first, pixelRange)
  if (element.name === 'uint8' && (pixelRange ?? '0..255') === '0..255') {
    return { read: (array, row) => array.readRow(row), addNotes: () => {} }
  }
  return openNumbers(arrays, element, pixelRange)
}

function elementOf(array: NpyArray): ElementType {
  const { element } = array.type
  if (element && isNumeric(element)) return element
  const detail = `the images are ${array.describe()}, expected numbers`
  throw fileError('DATASET_FORMAT', array.location, detail)
}

function openBooleans(array: NpyArray, range: PixelRange | null): ArrayPixels {
  if (range) {
    const detail = 'the pixels are true or false, so range does not go with them'
    throw fileError('DATASET_FORMAT', array.location, detail)
  }
  return {
    read: (each, row) => Uint8Array.from(each.readRow(row), byte => (byte === 0 ? 0 : 255)),
    addNotes: notes =>
      notes.add('pixels_converted', 'pixels that are true are stored as 255, others as 0'),
  }
}

function openNumbers(
  arrays: readonly NpyArray[],
  element: ElementType,
  range: PixelRange | null,
): ArrayPixels {
  const found = range ? null : findExtremes(arrays, element)
  const floats = new FloatPixels(range ?? rangeOf(arrays[0]!, element, found!))
  const number = numberReader(element)
  let values = new Float64Array(0)
  return {
    read: (array, row) => {
      const bytes = array.readRow(row)
      if (values.length !== array.rowItems) values = new Float64Array(array.rowItems)
      for (let at = 0, i = 0; at < bytes.length; at += element.bytes, i++) {
        const value = number(bytes, at)
        if (!Number.isFinite(value)) {
          throw new ImageError(`the value ${i} of the image is ${value}`)
        }
        values[i] = value
      }
      return floats.valuesToBytes(values)
    },
    addNotes: notes => {
      const rounding = floats.largestRounding
      const loss =
        rounding < 0.01 ? 'nothing is lost' : `values are rounded by up to ${rounding.toFixed(2)}`
      const told = range ? '' : ', which their values tell (the form field range says another)'
      const message = `${element.name} pixels of the range ${floats.range}${told} are stored as uint8 from 0 to 255; ${loss}`
      notes.add(element.kind === 'float' ? 'float_pixels_stored' : 'pixels_converted', message)
    },
  }
}

interface Extremes {
  min: number
  max: number
}

/** Of all finite values; others are told when their image is read. */
function findExtremes(arrays: readonly NpyArray[], element: ElementType): Extremes {
  const number = numberReader(element)
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const array of arrays) {
    for (let row = 0; row < array.rows; row++) {
      const bytes = array.readRow(row)
      for (let at = 0; at < bytes.length; at += element.bytes) {
        const value = number(bytes, at)
        if (!Number.isFinite(value)) continue
        if (value < min) min = value
        if (value > max) max = value
      }
    }
  }
  return { min, max }
}

function rangeOf(array: NpyArray, element: ElementType, { min, max }: Extremes): PixelRange {
  const isFloat = element.kind === 'float'
  const inferred = isFloat ? inferRange(min, max) : min >= 0 && max <= 255 ? '0..255' : null
  if (inferred && !(inferred === '0..255' && !isFloat && max <= 1)) return inferred
  const cure = `send the form field range, one of ${pixelRanges.join(', ')}`
  const scale = max > 255 ? ', or save the array as uint8' : ''
  const detail = `the ${element.name} pixels go from ${min} to ${max}: ${cure}${scale}`
  throw fileError('DATASET_DIMENSIONS', array.location, detail)
}
