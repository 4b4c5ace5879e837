// What readers of typed files (Parquet, Arrow, NumPy, JSON, spreadsheets) give: names and types, then the rows in
// batches of columns. `convertColumns` makes a table of it, and needs no text of a number.
import type { Note } from '../../../spec/notes.js'

/** What the file says of a column. Dates and times are given as ISO 8601 texts. */
export type SourceType = 'integer' | 'number' | 'boolean' | 'text'

export interface SourceColumn {
  name: string
  type: SourceType
}

/** One byte for each row, 0 where the value is missing; null if no value is. */
export type Validity = Uint8Array | null

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/**
 * Of a column of integers, numbers or booleans (0 and 1). NaN is missing, too. 64-bit integers beyond 2^53 are
 * rounded, unless the form makes the column a category.
 */
export interface NumberValues {
  kind: 'numbers'
  values: NumberArray
  valid: Validity
}

/** UTF-8: text `i` is `bytes` from `offsets[i]` to `offsets[i + 1]`. There is one more offset than texts. */
export interface Texts {
  bytes: Buffer
  offsets: Int32Array
}

/** Of a column of texts, one for each row. An empty text is missing, as in a CSV file. */
export interface TextValues {
  kind: 'texts'
  texts: Texts
  valid: Validity
}

/** Of a column of texts, of which many are equal. Several batches may share `dictionary`. */
export interface DictionaryValues {
  kind: 'dictionary'
  /** Index into the dictionary for each row whose value is not missing. The reader has checked its range. */
  codes: Int32Array
  dictionary: Texts
  valid: Validity
}

export type ColumnValues = NumberValues | TextValues | DictionaryValues

/**
 * Some rows that follow each other: at most 65,536, and no more than fit into a few MiB. The next batch may
 * overwrite the arrays, which have an entry for each row, and may have more.
 */
export interface ColumnBatch {
  file: string
  /** The row of the file with which the batch begins, from 0. */
  firstRow: number
  rows: number
  /** The split of its rows. The batches of a split follow each other. Absent without splits. */
  split?: string
  /** One for each of the source's columns. Their kinds may differ between batches. */
  columns: readonly ColumnValues[]
}

/** Files of one format that form one table. */
export interface ColumnSource {
  /** Names differ from each other and are not empty: see `checkSourceNames`. */
  readonly columns: readonly SourceColumn[]
  /** What the reader left out or took for granted. */
  readonly notes: readonly Note[]
  /** Reads all rows, from the first. Called twice: to describe the columns, and to write them. */
  batches(): Iterable<ColumnBatch> | AsyncIterable<ColumnBatch>
}
