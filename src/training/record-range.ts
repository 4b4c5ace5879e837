/** Records of the concatenated shard files, consecutive or selected. */
export interface RecordRange {
  files: readonly string[]
  first: number
  count: number
  /** 1 for each record of the files that belongs to it. If absent, the range is `count` records from `first`. */
  selected?: Uint8Array
}

export const stringVector = (values: readonly string[]) => ({
  data: values,
  shape: [values.length],
})

export const int32Vector = (values: Uint8Array) => ({
  data: Int32Array.from(values),
  shape: [values.length],
})
