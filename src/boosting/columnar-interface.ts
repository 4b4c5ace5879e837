import { arrayInterface } from './capi.js'
import type { Column } from './training-table.js'

/** The names of a column's categories as XGBoost reads them in place. */
interface CategoryNames {
  json: string
  /** What `json` points to. */
  buffers: readonly object[]
}

/**
 * Describes batches of a table to XGBoost, with the names of the categories. XGBoost keeps the names
 * in the model, so that a data frame whose categories have other codes is recoded before prediction.
 */
export class ColumnarInterface {
  private readonly names: readonly (CategoryNames | null)[]

  constructor(columns: readonly Column[]) {
    this.names = columns.map(({ categories }) => categoryNames(categories))
  }

  /** JSON that is valid while the arrays and this object are referenced. */
  describe(columns: readonly Float32Array[]): string {
    const interfaces = columns.map((values, column) => {
      const names = this.names[column]
      return names ? `[${names.json},${arrayInterface(values)}]` : arrayInterface(values)
    })
    return `[${interfaces}]`
  }
}

/** Integers are int64, as in a pandas index of integers: XGBoost compares the types. */
function categoryNames(categories: Column['categories']): CategoryNames | null {
  if (categories === null) return null
  // a column without any value has no categories
  if (categories === 0 || (typeof categories === 'object' && categories.length === 0)) return null
  if (typeof categories === 'number') {
    const codes = BigInt64Array.from({ length: categories }, (_, code) => BigInt(code))
    return { json: arrayInterface(codes), buffers: [codes] }
  }
  // Arrow's layout of texts: the bytes of all, and where each one begins
  const texts = categories.map(category => Buffer.from(category))
  const values = new Int8Array(Buffer.concat(texts))
  const offsets = new Int32Array(texts.length + 1)
  for (const [i, { length }] of texts.entries()) offsets[i + 1] = offsets[i]! + length
  const json = `{"offsets":${arrayInterface(offsets)},"values":${arrayInterface(values)}}`
  return { json, buffers: [values, offsets] }
}
