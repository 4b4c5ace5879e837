import type { TableColumn, TableManifest } from '../../spec/dataset.js'
import { ArrowShard, type ShardBatch, valuesOf } from './arrow-shard.js'

export interface Range {
  first: number
  count: number
}

export interface TableBatch {
  rows: number
  /** In the order asked for. Missing is NaN, a category its code, a truth value 0 or 1. */
  columns: readonly Float32Array[]
}

/** Reads a table's files synchronously, a batch of at most 65,536 rows at a time. */
export interface TableReader {
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /**
   * The rows of a range, in order; of those only the ones where `pick`, indexed from the range's first
   * row, is not 0. Again from the start each time it is iterated. Batches differ in length; their
   * arrays are the caller's until the next batch, or another iteration, begins: who keeps them, copies.
   */
  batches(columns: readonly string[], range?: Range, pick?: Uint8Array): Iterable<TableBatch>
  /** A whole column, as `batches` has it. */
  column(name: string, range?: Range, pick?: Uint8Array): Float32Array
}

/** `files`: the table's shards, in order, as `Datasets.shardFiles` tells them. */
export function openTable(files: readonly string[], manifest: TableManifest): TableReader {
  const { records: rows, columns, shards } = manifest
  const stored = columns.filter(({ type }) => type !== 'text').map(({ name }) => name)

  const indexOf = (name: string) => {
    const index = stored.indexOf(name)
    if (index >= 0) return index
    throw new Error(`table ${manifest.id} has no column ${JSON.stringify(name)} with values`)
  }

  // what one iteration leaves to the next: two at a time have one each
  let spare: Memory | null = null

  function* read(indices: readonly number[], { first, count: wanted }: Range, pick?: Uint8Array) {
    if (first < 0 || wanted < 0 || first + wanted > rows) {
      throw new RangeError(`rows ${first} to ${first + wanted} of ${rows}`)
    }
    if (pick && pick.length !== wanted) {
      throw new RangeError(`pick has ${pick.length} entries for ${wanted} rows`)
    }
    const memory = spare ?? new Memory()
    spare = null
    let begin = 0
    for (const [shard, { records }] of shards.entries()) {
      const end = begin + records
      if (end > first && begin < first + wanted) {
        let at = begin
        using file = new ArrowShard(files[shard]!)
        for (const batch of file.batches()) {
          const from = Math.max(first - at, 0)
          const to = Math.min(first + wanted - at, batch.rows)
          if (from < to) {
            const taken = pick?.subarray(at + from - first, at + to - first)
            const kept = taken ? count(taken) : to - from
            const columns = indices.map((index, place) => {
              const floats = memory.floats(place, to - from)
              fill(floats, batch, index, valuesOf(file.fields[index]!), from)
              if (taken && kept < to - from) keep(floats, taken)
              return floats.subarray(0, kept)
            })
            if (kept > 0) yield { rows: kept, columns }
          }
          at += batch.rows
        }
      }
      begin = end
    }
    spare = memory
  }

  const whole = { first: 0, count: rows }
  return {
    rows,
    columns,
    batches(names, range = whole, pick) {
      const indices = names.map(indexOf)
      return { [Symbol.iterator]: () => read(indices, range, pick) }
    },
    column(name, range = whole, pick) {
      const values = new Float32Array(pick ? count(pick) : range.count)
      let at = 0
      for (const { rows, columns } of read([indexOf(name)], range, pick)) {
        values.set(columns[0]!, at)
        at += rows
      }
      return values
    },
  }
}

const count = (picks: Uint8Array) => picks.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0)

/** A batch's columns, which the next batch overwrites. */
class Memory {
  readonly #columns: Float32Array[] = []

  floats(column: number, rows: number): Float32Array {
    const room = this.#columns[column]
    if (room && room.length >= rows) return room.subarray(0, rows)
    const made = new Float32Array(rows)
    this.#columns[column] = made
    return made
  }
}

/** float32 as it lies in the file, where NaN is beneath each null; the rest converted. */
function fill(
  floats: Float32Array,
  batch: ShardBatch,
  column: number,
  Values: ReturnType<typeof valuesOf>,
  from: number,
): void {
  if (Values === Float32Array) {
    batch.read(column, from, floats)
    return
  }
  const cells = new Values(floats.length)
  batch.read(column, from, cells)
  floats.set(cells)
  if (!(cells instanceof Int32Array)) return
  for (let row = 0; row < cells.length; row++) if (cells[row]! < 0) floats[row] = Number.NaN
}

/** Moves the values that are taken to the front. */
function keep(values: Float32Array, taken: Uint8Array): void {
  for (let row = 0, to = 0; row < taken.length; row++) {
    if (taken[row] !== 0) values[to++] = values[row]!
  }
}
