/** A stretch of the records in some shard files. */
export interface RecordRange {
  files: readonly string[]
  first: number
  count: number
}

export const stringVector = (values: readonly string[]) => ({
  data: values,
  shape: [values.length],
})
