import type { ColumnType } from '../../../spec/dataset.js'
import type { FileLocation } from '../../errors.js'
import type { ByteDictionary } from './byte-dictionary.js'
import type { NumberSurvey } from './number-survey.js'

/** A cell that does not have its column's type. */
export interface TypeMismatch {
  location: FileLocation
  /** The cell, cut to 100 bytes. */
  text: string
}

/** What all cells of a column say, from which it is described. */
export interface ColumnFacts {
  readonly declared: ColumnType | null
  /** True if the file says that the values are texts, even if they are digits. */
  readonly isTextInFile: boolean
  readonly missing: number
  /** Quoted words for missing. They are values in a category column, and missing in a number column. */
  readonly quotedMissing: number
  readonly numbers: number
  readonly booleans: number
  readonly others: number
  /** Number of cells that are not missing. */
  readonly present: number
  /** The first cell without the declared type; if no type is declared, the first that is no number. */
  readonly firstMismatch: TypeMismatch | null
  readonly mismatchCount: number
  /** True if all numbers are written without point and exponent. */
  readonly allIntegers: boolean
  /** `row`: counted from 1, over all files. */
  readonly firstFraction: { value: number; row: number } | null
  readonly fitsFloat32: boolean
  readonly numeric: NumberSurvey
  /** The first cells that are neither numbers nor booleans nor missing, to tell how they are written. */
  readonly otherTexts: readonly string[]
  /** The distinct texts. Empty if the file has no texts but numbers. */
  readonly values: ByteDictionary
  /** The type if the form declares none. */
  inferType(): ColumnType
  /** The distinct numbers; with `asBooleans`, words such as yes count as 1. Null if they are too many to count. */
  distinctNumbers(asBooleans: boolean): ReadonlySet<number> | null
}

/** Up to this number of distinct texts form a category, even if each occurs once. */
const maxUnrepeatedCategories = 20

/** The type of a column of texts that are not all numbers. */
export function inferTextType(values: ByteDictionary, present: number): 'text' | 'category' {
  if (values.overflowed) return 'text'
  return values.size > maxUnrepeatedCategories && values.size > present / 2 ? 'text' : 'category'
}
