import { TrainingFailure } from '../errors.js'
import type { Batch, Table } from './training-table.js'

interface Share {
  rank: number
  world: number
}

/**
 * The rows of a table that a rank trains on: rows are dealt to the ranks in turn, and so are the groups of a ranking,
 * each as a whole. So every rank has rows of all parts of the table, and each attempt deals them alike.
 */
export function shareOf(table: Table, { rank, world }: Share): Table {
  const owners = ownersOf(table, world)
  const isOwn = Uint8Array.from(owners, owner => Number(owner === rank))
  const own = <A extends Float32Array | Uint32Array>(values: A): A =>
    values.filter((_, row) => isOwn[row] !== 0) as A
  const labels = own(table.labels)
  return {
    rows: labels.length,
    columns: table.columns,
    labels,
    sampleWeights: table.sampleWeights && own(table.sampleWeights),
    groups: table.groups && own(table.groups),
    ...(table.offsets && { offsets: own(table.offsets) }),
    *batches(): Iterable<Batch> {
      let first = 0
      for (const { rows, columns } of table.batches()) {
        const selected = isOwn.subarray(first, first + rows)
        first += rows
        const count = selected.reduce((sum, one) => sum + one, 0)
        if (count > 0)
          yield { rows: count, columns: columns.map(values => compact(values, selected)) }
      }
    },
  }
}

/** Throws `invalid` if a rank would have no row. Each rank finds the same. */
export function checkShares(table: Table, world: number, use: string): void {
  const ranks = new Set(ownersOf(table, world))
  if (ranks.size === world) return
  const what = table.groups ? 'groups' : 'rows'
  const message = `resources.workers is ${world}, but there are ${ranks.size} ${what} to ${use}: take fewer workers, so that each has one`
  throw new TrainingFailure('invalid', message)
}

/** The rank of each row. */
function ownersOf({ rows, groups }: Table, world: number): Uint32Array {
  let group = -1
  return Uint32Array.from({ length: rows }, (_, row) => {
    if (!groups) return row % world
    if (row === 0 || groups[row] !== groups[row - 1]) group++
    return group % world
  })
}

const compact = (values: Float32Array, selected: Uint8Array): Float32Array =>
  values.filter((_, row) => selected[row] !== 0)
