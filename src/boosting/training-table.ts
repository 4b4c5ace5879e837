export interface Column {
  name: string
  /** How many categories the column's codes tell apart; null for numbers. */
  categories: number | null
}

/** `columns`: one array of `rows` values for each column; NaN is missing, a category is its code. */
export interface Batch {
  rows: number
  columns: readonly Float32Array[]
}

/**
 * What boosting trains on. `batches` gives the same batches each time that it is called; one may lie
 * in memory that the next overwrites.
 */
export interface Table {
  rows: number
  columns: readonly Column[]
  /** A class is its number, from 0. */
  labels: Float32Array
  sampleWeights: Float32Array | null
  /** The query of each row, in ascending order; for ranking. */
  groups: Uint32Array | null
  batches(): Iterable<Batch>
}
