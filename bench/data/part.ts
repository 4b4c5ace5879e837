import type { Program } from '../subject.js'

export interface PartOptions {
  images: number
  /** Rows of a table. */
  rows: number
}

/** One kind of data, and the programs that make a data set of it. */
export interface DataPart {
  /** Makes the input in a folder. `request` is what each subject gets. */
  prepare(folder: string, options: PartOptions): Promise<{ name: string; request: object }>
  programs(threads: number): Promise<ReadonlyMap<string, Program>>
}
