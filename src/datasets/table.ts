import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type Data, type RecordBatch, RecordBatchReader } from 'apache-arrow'
import type { TableColumn, TableManifest } from '../spec/dataset.js'

export interface Range {
  first: number
  count: number
}

export interface TableBatch {
  rows: number
  /** In the order asked for. Missing is NaN, a category its code, a truth value 0 or 1. */
  columns: readonly Float32Array[]
}

/** Reads a table's files synchronously, one at a time: a file has at most 32 MiB of cells. */
export interface TableReader {
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /**
   * The rows of a range, in order; of those only the ones where `pick`, indexed from the range's first
   * row, is not 0. Again from the start each time it is iterated. Batches differ in length; their
   * arrays may share memory with the file's, and are the caller's to keep but not to change.
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

  function* read(indices: readonly number[], { first, count }: Range, pick?: Uint8Array) {
    if (first < 0 || count < 0 || first + count > rows) {
      throw new RangeError(`rows ${first} to ${first + count} of ${rows}`)
    }
    if (pick && pick.length !== count) {
      throw new RangeError(`pick has ${pick.length} entries for ${count} rows`)
    }
    let begin = 0
    for (const [shard, { records }] of shards.entries()) {
      const end = begin + records
      if (end > first && begin < first + count) {
        let at = begin
        for (const batch of RecordBatchReader.from(readWhole(files[shard]!))) {
          const from = Math.max(first - at, 0)
          const to = Math.min(first + count - at, batch.numRows)
          if (from < to) {
            const taken = pick?.subarray(at + from - first, at + to - first)
            const part = partOf(batch, indices, from, to, taken)
            if (part.rows > 0) yield part
          }
          at += batch.numRows
        }
      }
      begin = end
    }
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
      const parts = [...read([indexOf(name)], range, pick)]
      const values = new Float32Array(parts.reduce((sum, part) => sum + part.rows, 0))
      let at = 0
      for (const part of parts) {
        values.set(part.columns[0]!, at)
        at += part.rows
      }
      return values
    },
  }
}

function readWhole(path: string): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size)
    for (let filled = 0; filled < bytes.length; ) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, filled)
      if (read === 0) throw new Error(`${path} shrank while it was read`)
      filled += read
    }
    return bytes
  } finally {
    closeSync(descriptor)
  }
}

function partOf(
  batch: RecordBatch,
  indices: readonly number[],
  from: number,
  to: number,
  taken: Uint8Array | undefined,
): TableBatch {
  const rows = taken ? taken.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0) : to - from
  const columns = indices.map(index => {
    const values = toFloat32(batch.data.children[index]!, from, to)
    return taken && rows < to - from ? picked(values, taken, rows) : values
  })
  return { rows, columns }
}

/** float32 as it lies in the file, where NaN is beneath each null; the rest converted. */
function toFloat32({ values, offset }: Data, from: number, to: number): Float32Array {
  const cells = (values as Float32Array | Float64Array | Int32Array).subarray(
    offset + from,
    offset + to,
  )
  if (cells instanceof Float32Array) return cells
  const floats = new Float32Array(cells)
  if (cells instanceof Int32Array) {
    for (let row = 0; row < cells.length; row++) if (cells[row]! < 0) floats[row] = Number.NaN
  }
  return floats
}

function picked(values: Float32Array, taken: Uint8Array, rows: number): Float32Array {
  const kept = new Float32Array(rows)
  for (let row = 0, to = 0; row < taken.length; row++) {
    if (taken[row] !== 0) kept[to++] = values[row]!
  }
  return kept
}
