/** What an upload may cost. */
export interface DatasetLimits {
  /** Bytes of all files of an upload, as sent and again as inflated. */
  uploadBytes: number
  files: number
  /** Inflated bytes for each compressed byte; 1032 is the most that gzip can reach. */
  inflationRatio: number
  records: number
  /** Bytes of one TFRecord, and of one raw image. */
  recordBytes: number
  /** Height x width of one image. */
  pixels: number
  /** Of a table. */
  rows: number
  columns: number
  /** Bytes of one row of a table, as text. */
  rowBytes: number
  /** Distinct values of a column that is said to be a category. */
  categories: number
  /** Bytes of the distinct values that are kept while a table is read, over all its columns. */
  categoryBytes: number
  /** Uploads that are checked and converted at once; the others wait. */
  conversions: number
}

export const defaultLimits: DatasetLimits = {
  uploadBytes: 64 * 2 ** 30,
  files: 1000,
  inflationRatio: 100,
  records: 10_000_000,
  recordBytes: 64 * 2 ** 20,
  pixels: 64 * 2 ** 20,
  rows: 1_000_000_000,
  columns: 10_000,
  rowBytes: 16 * 2 ** 20,
  categories: 10_000,
  categoryBytes: 32 * 2 ** 20,
  conversions: 2,
}

/** A label is an index into the class names. */
export const maxClasses = 65_536

/** Height and width, where a form or a record states them. */
export const maxImageSide = 65_535

/** A column of texts with more values than this is no category unless it is said to be one. */
export const maxInferredCategories = 1000

/** Bytes of a category's name. */
export const maxCategoryNameBytes = 200
