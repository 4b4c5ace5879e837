/** What an upload may cost. */
export interface Limits {
  /** Bytes of all files of an upload, as sent and again as inflated. */
  uploadBytes: number
  files: number
  /** Inflated bytes for each compressed byte; 1032 is the most that gzip can reach. */
  inflation: number
  records: number
  /** Bytes of one TFRecord, and of one raw image. */
  recordBytes: number
  /** Height x width of one image. */
  pixels: number
}

export const defaultLimits: Limits = {
  uploadBytes: 64 * 2 ** 30,
  files: 1000,
  inflation: 100,
  records: 10_000_000,
  recordBytes: 64 * 2 ** 20,
  pixels: 64 * 2 ** 20,
}

/** A label is an index into the class names. */
export const mostClasses = 65_536

/** Height and width, where a form or a record states them. */
export const longestSide = 65_535
