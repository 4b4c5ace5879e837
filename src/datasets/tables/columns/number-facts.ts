import type { ColumnType } from '../../../spec/dataset.js'
import { maxFloat32 } from '../cell.js'
import { ByteDictionary } from './byte-dictionary.js'
import type { SourceType } from './column-batch.js'
import type { ColumnFacts, TypeMismatch } from './column-facts.js'
import { type NumberKernel, numberKernelOf } from './number-kernel.js'
import { NumberSet } from './number-set.js'
import { NumberSurvey } from './number-survey.js'
import type { PreparedNumbers } from './prepared-values.js'

const minNormalFloat32 = 1.1754943508222875e-38
/** Numbers of up to six significant digits. */
const maxDigits = 1e6
const maxTriedDecimals = 6
const powers = Float64Array.from({ length: 16 }, (_, power) => 10 ** power)

/** Facts of a column that the file says to have numbers or booleans. */
export class NumberFacts implements ColumnFacts {
  readonly isTextInFile = false
  readonly quotedMissing = 0
  readonly others = 0
  readonly otherTexts = []
  readonly values = new ByteDictionary(0, 0)
  readonly numeric = new NumberSurvey()
  missing = 0
  firstMismatch: TypeMismatch | null = null
  mismatchCount = 0
  firstFraction: { value: number; row: number } | null = null
  fitsFloat32 = true
  /** The first integer that may have been rounded. */
  beyondSafe: number | null = null
  private readonly distinct: NumberSet
  private rows = 0

  constructor(
    private readonly index: number,
    private readonly source: SourceType,
    private readonly formType: ColumnType | null,
    maxDistinct: number,
  ) {
    this.distinct = new NumberSet(maxDistinct)
  }

  /** The file declares a type if the form does not. */
  get declared(): ColumnType {
    return this.formType ?? this.inferType()
  }

  get present(): number {
    return this.numeric.count
  }

  get numbers(): number {
    return this.declared === 'boolean' ? 0 : this.numeric.count
  }

  get booleans(): number {
    return this.declared === 'boolean' ? this.numeric.count : 0
  }

  get allIntegers(): boolean {
    return this.declared === 'integer'
  }

  inferType(): ColumnType {
    if (this.source === 'boolean') return 'boolean'
    return this.source === 'integer' && this.beyondSafe === null ? 'integer' : 'number'
  }

  distinctNumbers(): ReadonlySet<number> | null {
    return this.distinct.values()
  }

  /** `firstRow`: the row of the file with which the values begin, from 0. */
  add(values: PreparedNumbers, rows: number, file: string, firstRow: number): void {
    const { numeric, distinct } = this
    const wasWhole = numeric.allWhole
    const kernel = numberKernelOf(values.values)
    // used before the next column
    const numbers = kernel.add(numeric, values.values.subarray(0, rows), values.valid)
    this.missing += rows - numbers.length
    if (wasWhole && !numeric.allWhole) this.findFraction(values, rows)
    if (this.fitsFloat32 && !(values.values instanceof Float32Array)) {
      this.fitsFloat32 = allKeepDigits(numbers, kernel)
    }
    if (!distinct.overflowed) distinct.addAll(numbers)
    if (!this.isUnlimited()) this.findMismatches(values, rows, file, firstRow)
    this.rows += rows
  }

  /** True if the numbers so far can have no mismatch, by the smallest and the largest of them. */
  private isUnlimited(): boolean {
    const { min, max } = this.numeric
    if (this.formType === 'integer' || this.formType === 'boolean') return false
    const limit = this.source === 'integer' ? Number.MAX_SAFE_INTEGER : maxFloat32
    return !(min < -limit || max > limit)
  }

  private findFraction({ values, valid }: PreparedNumbers, rows: number): void {
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      if ((valid !== null && valid[row] === 0) || Number.isNaN(value)) continue
      if (Number.isInteger(value)) continue
      this.firstFraction = { value, row: this.rows + row + 1 }
      return
    }
  }

  private findMismatches(
    { values, valid }: PreparedNumbers,
    rows: number,
    file: string,
    firstRow: number,
  ): void {
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      if ((valid !== null && valid[row] === 0) || Number.isNaN(value)) continue
      if (this.isMismatch(value)) this.addMismatch(value, file, firstRow + row)
    }
  }

  /** True if a value that is not missing does not have the column's type. */
  isMismatch(value: number): boolean {
    if (!(value <= maxFloat32 && value >= -maxFloat32)) return true
    if (this.source === 'integer' && !Number.isSafeInteger(value)) this.beyondSafe ??= value
    if (this.formType === 'integer') return !Number.isSafeInteger(value)
    return this.formType === 'boolean' && value !== 0 && value !== 1
  }

  private addMismatch(value: number, file: string, row: number): void {
    this.mismatchCount++
    this.firstMismatch ??= {
      location: { file, row: row + 1, column: this.index + 1 },
      text: numberText(value),
    }
  }
}

/** As `missing` has it. */
export const numberText = (value: number): string =>
  Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'

/**
 * True if `keepsDigits` of each. Few decimals are tried first, those of the numbers before: a number that is whole
 * and below a million once it is multiplied, and comes back when divided, has six digits.
 */
export function allKeepDigits(numbers: Float64Array, kernel: NumberKernel): boolean {
  let power = 0
  for (let at = 0; ; at++) {
    at = kernel.findUnkept(numbers, at, powers[power]!)
    if (at === numbers.length) return true
    const value = numbers[at]!
    if (!keepsDigits(value)) return false
    const size = Math.abs(value)
    while (power < maxTriedDecimals && Math.round(size * powers[power]!) / powers[power]! !== size)
      power++
  }
}

/** True if float32 holds the number, or all digits of it: it always holds six significant ones. */
export function keepsDigits(value: number): boolean {
  if (Math.fround(value) === value) return true
  const size = Math.abs(value)
  if (size < minNormalFloat32) return false
  if (size >= 1e-9 && size < maxDigits) {
    let power = size >= 1 ? 0 : 6
    while (size * powers[power]! < maxDigits / 10) power++
    return Math.round(size * powers[power]!) / powers[power]! === size
  }
  return Number(size.toPrecision(6)) === size
}
