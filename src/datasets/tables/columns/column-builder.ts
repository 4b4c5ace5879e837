import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int32,
  makeData,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { maxFloat32 } from '../cell.js'
import { arenaOf } from '../kernels/kernel-arena.js'
import type { StorageType, TypedColumn } from './column-types.js'

/** A column that has values in the table's files; `index` is its position among all columns. */
export type StoredColumn = TypedColumn & { index: number; storage: NonNullable<StorageType> }

/** All but the columns of text. */
export const storedColumns = (columns: readonly TypedColumn[]): StoredColumn[] =>
  columns.flatMap(({ storage, ...column }, index) =>
    storage ? [{ ...column, storage, index }] : [],
  )

/** Collects the cells of one column, a batch at a time. A missing cell is null in the bitmap, and NaN or code -1 in the values. */
export class ColumnBuilder {
  readonly field: Field
  readonly bytesPerValue: number
  private readonly dictionary: Vector | undefined
  private values: Float32Array | Float64Array | Int32Array = new Int32Array(0)
  private validityBitmap = new Uint8Array(0)
  private nullCount = 0
  /** A value below it, or NaN, is missing. */
  private readonly minValid: number

  constructor(
    private readonly stored: Pick<StoredColumn, 'column' | 'storage'>,
    dictionaryId: number,
  ) {
    const { column, storage } = stored
    this.minValid = storage === 'codes' ? 0 : -maxFloat32
    this.bytesPerValue = storage === 'float64' ? 8 : 4
    let type: DataType = storage === 'float64' ? new Float64() : new Float32()
    if (column.type === 'category') {
      // The id is fixed, so that equal tables have equal bytes.
      type = new Dictionary(new Utf8(), new Int32(), dictionaryId)
      this.dictionary = vectorFromArray(column.categories, new Utf8())
    }
    this.field = new Field(column.name, type, true)
  }

  startBatch(rows: number): void {
    const { storage } = this.stored
    const ArrayType =
      storage === 'float64' ? Float64Array : storage === 'float32' ? Float32Array : Int32Array
    this.values = new ArrayType(rows)
    this.validityBitmap = new Uint8Array(Math.ceil(rows / 8))
    this.restartBatch()
  }

  /** Starts a batch in the memory of the one before, whose data have been used. Each cell is to be set again. */
  restartBatch(): void {
    this.validityBitmap.fill(0xff)
    this.nullCount = 0
  }

  /** A missing cell is NaN, or code -1. */
  set(row: number, value: number): void {
    this.values[row] = value
    if (value >= this.minValid) return
    this.validityBitmap[row >> 3]! &= ~(1 << (row & 7))
    this.nullCount++
  }

  /** Sets cells from `row` on. None of them is missing. */
  setAll(row: number, values: ArrayLike<number>): void {
    this.values.set(this.narrowed(values), row)
  }

  /** Marks cells from `row` on as missing whose value is. */
  markMissing(row: number, values: ArrayLike<number>): void {
    const { validityBitmap, minValid } = this
    for (let at = 0; at < values.length; at++) {
      if (values[at]! >= minValid) continue
      validityBitmap[(row + at) >> 3]! &= ~(1 << ((row + at) & 7))
      this.nullCount++
    }
  }

  /** Float64 as float32, if the kernels can reach them: copies between types of arrays take several times as long. */
  private narrowed(values: ArrayLike<number>): ArrayLike<number> {
    if (!(values instanceof Float64Array && this.values instanceof Float32Array)) return values
    return arenaOf(values)?.narrowed(values) ?? values
  }

  /** Sets cells from `row` on, of which some are missing: NaN, or code -1. */
  setSome(row: number, values: Float64Array | Int32Array): void {
    this.setAll(row, values)
    this.markMissing(row, values)
  }

  /** Returns the first `rows` cells, where they are. */
  finishBatch(rows: number): Data {
    const { values, validityBitmap, nullCount, dictionary } = this
    return makeData({
      type: this.field.type,
      length: rows,
      nullCount,
      data: values.subarray(0, rows),
      nullBitmap: nullCount > 0 ? validityBitmap : undefined,
      dictionary,
    } as Parameters<typeof makeData>[0])
  }
}
