/** Records of the concatenated shard files, consecutive or selected. */
export interface RecordRange {
  files: readonly string[]
  first: number
  count: number
  /** 1 for each record of the files that belongs to it. If absent, the range is `count` records from `first`. */
  selected?: Uint8Array
}

/** Where the records of a range are in the concatenated files. */
export function positionsOf({ first, count, selected }: RecordRange): Int32Array {
  if (!selected) return Int32Array.from({ length: count }, (_, i) => first + i)
  const positions = new Int32Array(count)
  let found = 0
  for (const [i, isMember] of selected.entries()) if (isMember) positions[found++] = i
  return positions
}

export const stringVector = (values: readonly string[]) => ({
  data: values,
  shape: [values.length],
})

export const int32Vector = (values: Uint8Array) => ({
  data: Int32Array.from(values),
  shape: [values.length],
})
