/** Consecutive records of the concatenated shard files. */
export interface RecordRange {
  files: readonly string[]
  first: number
  count: number
}

export const stringVector = (values: readonly string[]) => ({
  data: values,
  shape: [values.length],
})
