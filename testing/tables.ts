import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface TestTable {
  /** The names of all columns but the last, which is the target. */
  columns: string[]
  /** A value for each of `columns`. */
  rows: number[][]
  targets: number[]
}

/** The path of test/data/NAME.csv. */
export const tablePath = (name: string): string =>
  fileURLToPath(new URL(`../../test/data/${name}.csv`, import.meta.url))

/** Reads test/data/NAME.csv. */
export function readTable(name: string): TestTable {
  const [header, ...lines] = readFileSync(tablePath(name), 'utf8').trim().split('\n')
  const cells = lines.map(line => line.split(',').map(Number))
  return {
    columns: header!.split(',').slice(0, -1),
    rows: cells.map(row => row.slice(0, -1)),
    targets: cells.map(row => row.at(-1)!),
  }
}
