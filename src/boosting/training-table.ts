export interface Column {
  name: string
  /**
   * Of a categorical column: the names of its categories, by code, or their number if each code is
   * its own name. Null for a numeric column.
   */
  categories: readonly string[] | number | null
}

/** `columns`: an array of `rows` values per column. NaN is missing; a category is its code. */
export interface Batch {
  rows: number
  columns: readonly Float32Array[]
}

/**
 * The data that boosting trains on. Each call of `batches` gives the same batches. A batch may
 * reuse the memory of the one before.
 */
export interface Table {
  rows: number
  columns: readonly Column[]
  /** The target of each row; a class is its number, counted from 0. */
  labels: Float32Array
  sampleWeights: Float32Array | null
  /** The query id of each row, ascending, for ranking; else null. */
  groups: Uint32Array | null
  /** Added to the margin of each row; see `linkOf`. */
  offsets?: Float32Array | null
  batches(): Iterable<Batch>
}
