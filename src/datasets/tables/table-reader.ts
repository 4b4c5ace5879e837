import type { TableColumn, TableManifest } from '../../spec/dataset.js'
import { ArrowShard, arrayTypeOf, type ShardBatch } from './arrow-shard.js'

export interface RowRange {
  first: number
  count: number
}

export interface TableBatch {
  rows: number
  /** In the requested order. Missing is NaN, a category is its code, a boolean is 0 or 1. */
  columns: readonly Float32Array[]
}

/** Reads a table's files synchronously, a batch of at most 65,536 rows at a time. */
export interface TableReader {
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /**
   * The rows of a range, in order. If there is a `mask`, indexed from the first row of the range, only
   * rows whose mask is not 0. Each iteration starts at the first row. Batches differ in length. The next
   * batch overwrites the arrays, so copy them to keep them.
   */
  batches(columns: readonly string[], range?: RowRange, mask?: Uint8Array): Iterable<TableBatch>
  /** A complete column, with values as in `batches`. */
  column(name: string, range?: RowRange, mask?: Uint8Array): Float32Array
  /** A complete column with its stored numbers, which may be larger than float32 can tell apart. */
  exactColumn(name: string): Float64Array
}

/** `files`: the paths of the table's shards, from `Datasets.shardPaths`. */
export function openTableReader(files: readonly string[], manifest: TableManifest): TableReader {
  const { records: rows, columns, shards } = manifest
  const storedColumns = columns.filter(({ type }) => type !== 'text').map(({ name }) => name)
  const indexByName = new Map(storedColumns.map((name, index) => [name, index]))

  const indexOf = (name: string) => {
    const index = indexByName.get(name)
    if (index !== undefined) return index
    throw new Error(`table ${manifest.id} has no column ${JSON.stringify(name)} with values`)
  }

  // Buffers that the next iteration reuses. Concurrent iterations have one each. Held weakly: whoever has read
  // all that it needs may keep the reader for long.
  let spareBuffers: WeakRef<BatchBuffers> | null = null

  function* read(
    indices: readonly number[],
    { first, count: wanted }: RowRange,
    mask?: Uint8Array,
  ) {
    if (first < 0 || wanted < 0 || first + wanted > rows) {
      throw new RangeError(`rows ${first} to ${first + wanted} of ${rows}`)
    }
    if (mask && mask.length !== wanted) {
      throw new RangeError(`mask has ${mask.length} entries for ${wanted} rows`)
    }
    const buffers = spareBuffers?.deref() ?? new BatchBuffers()
    spareBuffers = null
    let shardStart = 0
    for (const [shard, { records }] of shards.entries()) {
      const shardEnd = shardStart + records
      if (shardEnd > first && shardStart < first + wanted) {
        let batchStart = shardStart
        using file = new ArrowShard(files[shard]!)
        for (const batch of file.batches()) {
          const from = Math.max(first - batchStart, 0)
          const to = Math.min(first + wanted - batchStart, batch.rows)
          if (from < to) {
            const batchMask = mask?.subarray(batchStart + from - first, batchStart + to - first)
            const selectedRows = batchMask ? countSelected(batchMask) : to - from
            const columns = indices.map((index, position) => {
              const values = buffers.get(position, to - from)
              readColumnValues(values, batch, index, arrayTypeOf(file.fields[index]!), from)
              if (batchMask && selectedRows < to - from) compactByMask(values, batchMask)
              return values.subarray(0, selectedRows)
            })
            if (selectedRows > 0) yield { rows: selectedRows, columns }
          }
          batchStart += batch.rows
        }
      }
      shardStart = shardEnd
    }
    spareBuffers = new WeakRef(buffers)
  }

  const allRows = { first: 0, count: rows }
  return {
    rows,
    columns,
    batches(names, range = allRows, mask) {
      const indices = names.map(indexOf)
      return { [Symbol.iterator]: () => read(indices, range, mask) }
    },
    column(name, range = allRows, mask) {
      const values = new Float32Array(mask ? countSelected(mask) : range.count)
      let offset = 0
      for (const { rows, columns } of read([indexOf(name)], range, mask)) {
        values.set(columns[0]!, offset)
        offset += rows
      }
      return values
    },
    exactColumn(name) {
      const index = indexOf(name)
      const values = new Float64Array(rows)
      let offset = 0
      for (const path of files) {
        using file = new ArrowShard(path)
        const ArrayType = arrayTypeOf(file.fields[index]!)
        for (const batch of file.batches()) {
          const cells = new ArrayType(batch.rows)
          batch.read(index, 0, cells)
          values.set(cells, offset)
          offset += batch.rows
        }
      }
      return values
    },
  }
}

const countSelected = (mask: Uint8Array) => mask.reduce((sum, bit) => sum + (bit === 0 ? 0 : 1), 0)

/** The columns of a batch. The next batch overwrites them. */
class BatchBuffers {
  private readonly columns: Float32Array[] = []

  get(column: number, rows: number): Float32Array {
    const buffer = this.columns[column]
    if (buffer && buffer.length >= rows) return buffer.subarray(0, rows)
    const newBuffer = new Float32Array(rows)
    this.columns[column] = newBuffer
    return newBuffer
  }
}

/** float32 values are used as stored, since each null has NaN beneath it. Other types are converted. */
function readColumnValues(
  target: Float32Array,
  batch: ShardBatch,
  column: number,
  ArrayType: ReturnType<typeof arrayTypeOf>,
  from: number,
): void {
  if (ArrayType === Float32Array) {
    batch.read(column, from, target)
    return
  }
  const cells = new ArrayType(target.length)
  batch.read(column, from, cells)
  target.set(cells)
  if (!(cells instanceof Int32Array)) return
  for (let row = 0; row < cells.length; row++) if (cells[row]! < 0) target[row] = Number.NaN
}

/** Moves the values whose mask is not 0 to the front. */
function compactByMask(values: Float32Array, mask: Uint8Array): void {
  for (let row = 0, to = 0; row < mask.length; row++) {
    if (mask[row] !== 0) values[to++] = values[row]!
  }
}
