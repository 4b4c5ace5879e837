/** Limits of one upload. */
export interface DatasetLimits {
  /** Bytes of all files. Applies to the bytes as sent, and to the bytes after decompression. */
  uploadBytes: number
  files: number
  /** Files of a folder of the server's disk. */
  folderFiles: number
  /** Files other than images. */
  dataFiles: number
  /** Decompressed bytes per compressed byte; gzip reaches at most 1032. */
  inflationRatio: number
  /** Smaller content may have any ratio: a blank image compresses a thousandfold. */
  inflationFloorBytes: number
  /** Files in an archive. */
  entries: number
  records: number
  /** Bytes of one TFRecord or one raw image. */
  recordBytes: number
  /** Height × width of one image. */
  pixels: number
  /** Rows of a table. */
  rows: number
  columns: number
  /** Bytes of one row of a table, as text. */
  rowBytes: number
  /** Distinct values of a column that the schema declares a category. */
  categories: number
  /** Bytes of the distinct values of all columns, which every answer with the table's manifest contains. */
  categoryBytes: number
  /** Uploads that are converted at the same time; others wait. */
  conversions: number
  /** Uploads that wait for a conversion. Further ones are refused, since each holds files and a connection. */
  waitingConversions: number
  /** Data sets whose files are fetched at the same time; others wait. */
  fetches: number
  waitingFetches: number
}

export const defaultLimits: DatasetLimits = {
  uploadBytes: 64 * 2 ** 30,
  files: 10_000,
  folderFiles: 100_000,
  dataFiles: 1000,
  inflationRatio: 100,
  inflationFloorBytes: 16 * 2 ** 20,
  entries: 1_000_000,
  records: 10_000_000,
  recordBytes: 64 * 2 ** 20,
  pixels: 64 * 2 ** 20,
  rows: 1_000_000_000,
  columns: 10_000,
  rowBytes: 16 * 2 ** 20,
  categories: 10_000,
  categoryBytes: 4 * 2 ** 20,
  conversions: 2,
  waitingConversions: 32,
  fetches: 4,
  waitingFetches: 32,
}

/** What is kept of each image beside its label, and the characters of each value and name. */
export const maxFields = 32
export const maxFieldLength = 200
export const maxFieldNameLength = 128

/** A label is an index into the class names. */
export const maxClasses = 65_536

/** Characters of a class name. */
export const maxLabelLength = 200

/** Limit for a height or width in a form or a record. */
export const maxImageSide = 65_535

/** A text column with more distinct values is a category only if the schema declares it. */
export const maxInferredCategories = 1000

/** Bytes of one category name. */
export const maxCategoryNameBytes = 200
