import { fileError } from '../errors.js'
import type { NpyArray } from './npy.js'
import { isNumeric, numberReader, readText } from './npy-type.js'

/** The labels of the rows of an array: numbers, texts, or one-hot rows. */
export class ArrayLabels {
  /** Number of classes if the labels are one-hot, else null. */
  readonly oneHotClasses: number | null
  private readonly readLabel: (row: number) => string | number

  /** Throws DATASET_LABELS if the array is of no shape or type of labels. */
  constructor(private readonly array: NpyArray) {
    const { shape, type } = array
    const isColumn = shape.length === 2 && shape[1] === 1
    const isOneHot = shape.length === 2 && shape[1]! > 1
    const { element } = type
    if (!element || shape.length > 2 || (isOneHot && !isNumeric(element))) {
      const detail = `the labels are ${array.describe()}, expected numbers or texts (n) or (n, 1), or one-hot rows (n, classes)`
      throw fileError('DATASET_LABELS', array.location, detail)
    }
    this.oneHotClasses = isOneHot && !isColumn ? shape[1]! : null
    if (!isNumeric(element)) {
      this.readLabel = row => {
        const text = readText(element, array.readRow(row), 0)
        return text ?? this.fail(row, 'the label is no valid text')
      }
      return
    }
    const number = numberReader(element)
    this.readLabel = this.oneHotClasses
      ? row => this.hotIndex(row, number, element.bytes)
      : row => {
          const label = number(array.readRow(row), 0)
          if (Number.isSafeInteger(label)) return label
          return this.fail(row, `the label is ${label}, expected a whole number`)
        }
  }

  /** Throws DATASET_LABELS if it is none. */
  read(row: number): string | number {
    return this.readLabel(row)
  }

  private hotIndex(
    row: number,
    number: (bytes: Buffer, offset: number) => number,
    size: number,
  ): number {
    const bytes = this.array.readRow(row)
    let hot = -1
    for (let at = 0, index = 0; at < bytes.length; at += size, index++) {
      const value = number(bytes, at)
      if (value === 0) continue
      if (value !== 1 || hot >= 0) {
        const found = value === 1 ? 'several ones' : `the value ${value}`
        this.fail(row, `the label has ${found}, expected one 1 and zeros (one-hot)`)
      }
      hot = index
    }
    return hot >= 0 ? hot : this.fail(row, 'the label has no 1, expected one (one-hot)')
  }

  private fail(row: number, detail: string): never {
    throw fileError('DATASET_LABELS', this.array.rowLocation(row), detail)
  }
}
