/** A stretch of the records in some shard files. */
export interface Records {
  files: readonly string[]
  first: number
  count: number
}

export const strings = (values: readonly string[]) => ({ data: values, shape: [values.length] })
