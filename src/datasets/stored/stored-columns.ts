import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DamagedError } from '../../errors.js'
import type { Cell, TableColumn, TableManifest } from '../../spec/dataset.js'
import { ArrowShard, arrayTypeOf } from '../tables/arrow-shard.js'
import type { StoredDataset } from './stored-dataset.js'

type StoredTable = StoredDataset<TableManifest>

/** A column whose values are stored, and its place in the shards. */
export interface StoredColumn {
  column: Exclude<TableColumn, { type: 'text' }>
  index: number
}

/** The columns whose values are stored: all but those of text. */
export function storedColumns({ columns }: TableManifest): StoredColumn[] {
  const stored: StoredColumn[] = []
  for (const column of columns) {
    if (column.type !== 'text') stored.push({ column, index: stored.length })
  }
  return stored
}

/** Rows of one batch of a shard. */
export interface BatchRows {
  rows: number
  /** The first `count` values of a column, by default all, as stored: missing is NaN, or -1 for a category. */
  values(column: StoredColumn, count?: number): Float32Array | Float64Array | Int32Array
}

/** The batches of the rows from `first` up to `end` exclusively. Opens only the shards that have them. */
export function* readBatches(
  dataset: StoredTable,
  { first, end }: { first: number; end: number },
): Generator<BatchRows> {
  let start = 0
  for (const [index, { records }] of dataset.manifest.shards.entries()) {
    if (start < end && start + records > first) {
      using shard = openShard(dataset, index)
      let batchStart = start
      for (const batch of shard.batches()) {
        const from = Math.max(first - batchStart, 0)
        const to = Math.min(end - batchStart, batch.rows)
        if (from < to) {
          const values = (column: StoredColumn, count = to - from) => {
            const ArrayType = arrayTypeOf(shard.fields[column.index]!)
            const found = new ArrayType(count)
            batch.read(column.index, from, found)
            return found
          }
          yield { rows: to - from, values }
        }
        batchStart += batch.rows
      }
    }
    start += records
  }
}

/** Checksums of shards that matched, by path, size and time of change. */
const intact = new Set<string>()
const maxIntact = 10_000

/** Throws a DamagedError if the shard does not match its checksum. */
function openShard({ manifest, folder, key }: StoredTable, index: number): ArrowShard {
  const { name, sha256 } = manifest.shards[index]!
  const path = join(folder, name)
  try {
    const { size, mtimeMs } = statSync(path)
    const stamp = `${path} ${size} ${mtimeMs}`
    if (!intact.has(stamp)) {
      // at most 32 MiB, as the table writer makes them
      const found = createHash('sha256').update(readFileSync(path)).digest('hex')
      if (found !== sha256) throw new DamagedError(`${key}/${name}`, 'does not match its checksum')
      if (intact.size >= maxIntact) intact.clear()
      intact.add(stamp)
    }
    return new ArrowShard(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new DamagedError(`${key}/${name}`, 'is missing', error)
  }
}

/** A stored value as JSON has it. `isFloat32`: the column is stored with 32 bits. */
export function cellOf({ column }: StoredColumn, value: number, isFloat32: boolean): Cell {
  if (column.type === 'category') return column.categories[value] ?? null
  if (Number.isNaN(value)) return null
  if (column.type === 'boolean') return value !== 0
  return isFloat32 ? shortestDecimal(value) : value
}

/**
 * The number with the fewest digits that is this one in float32: 0.1, not 0.10000000149. Numbers are stored with
 * 32 bits only if they have few digits, or are exactly that number.
 */
export function shortestDecimal(value: number): number {
  if (Number.isInteger(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}
