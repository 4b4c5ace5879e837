import type { DatasetManifest } from '../../spec/dataset.js'

/** Records from `first` up to `end` exclusively. */
export interface RecordRange {
  first: number
  end: number
}

/** The records of a split, which follow each other; null if the data set has no such split. */
export function splitRange({ splits = [] }: DatasetManifest, name: string): RecordRange | null {
  let first = 0
  for (const split of splits) {
    if (split.name === name) return { first, end: first + split.records }
    first += split.records
  }
  return null
}

/** The split of a record; null if the data set has none. */
export function splitAt({ splits = [] }: DatasetManifest, record: number): string | null {
  let end = 0
  for (const split of splits) {
    end += split.records
    if (record < end) return split.name
  }
  return null
}
