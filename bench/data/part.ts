import type { Program } from '../subject.js'

export interface PartOptions {
  images: number
  /** Rows of a table. */
  rows: number
}

/** What is measured for one input. Of the subjects, trainyard is the first. */
export interface DataCase {
  name: string
  /** What each subject gets. */
  request: object
  programs: ReadonlyMap<string, Program>
  /** Images that a step reads, if it reads images. */
  images?: number
}

/** Makes the inputs of one kind of data in a folder. */
export type DataPart = (
  folder: string,
  options: PartOptions,
  threads: number,
) => Promise<readonly DataCase[]>
