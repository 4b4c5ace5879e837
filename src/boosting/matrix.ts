import { arrayInterface, type Handle, outParam, xgboost } from './capi.js'
import { ColumnarInterface } from './columnar-interface.js'
import { featureInfo } from './feature-info.js'
import { NativeHandle } from './native-handle.js'
import type { Batch, Column, Table } from './training-table.js'

/** XGBoost's DMatrix: the values of a table with labels, weights and query groups of its rows. */
export class DMatrix extends NativeHandle {
  private constructor(handle: Handle) {
    super(handle, h => xgboost().XGDMatrixFree(h))
  }

  /** Copies row-major `values` [rows, columns], NaN for missing ones; about 8 bytes per value. */
  static fromDense(values: Float32Array, rows: number, threads: number): DMatrix {
    const columns = rows === 0 ? 0 : values.length / rows
    const out = outParam()
    const config = `{"missing":NaN,"nthread":${threads}}`
    xgboost().XGDMatrixCreateFromDense(arrayInterface(values, [rows, columns]), config, out)
    return new DMatrix(out[0]!)
  }

  /** Copies all values, about 8 bytes each. For tree methods that need values instead of bins. */
  static fromTable(table: Table, threads: number): DMatrix {
    const columns = concatColumns(table)
    const columnar = new ColumnarInterface(table.columns)
    const out = outParam()
    const config = `{"missing":NaN,"nthread":${threads}}`
    xgboost().XGDMatrixCreateFromColumnar(columnar.describe(columns), config, out)
    const matrix = new DMatrix(out[0]!)
    matrix.freeOnError(() => {
      matrix.setFeatureInfo(table.columns)
      matrix.setRowInfo(table)
    })
    return matrix
  }

  /**
   * A QuantileDMatrix: keeps each value's histogram bin, about one byte. Reads the batches in place,
   * several times. For validation data, `reference` is the training matrix, whose bins are used.
   */
  static quantile(
    table: Table,
    options: { maxBins: number; threads: number; reference?: DMatrix },
  ): DMatrix {
    const { maxBins, threads, reference } = options
    const api = xgboost()
    const out = outParam()
    const proxy = new ProxyDMatrix()
    try {
      const dataIter = new DataIter(table, proxy)
      const config = `{"missing":NaN,"nthread":${threads},"max_bin":${maxBins}}`
      dataIter.run((reset, next) =>
        api.XGQuantileDMatrixCreateFromCallback(
          null,
          proxy.handle,
          reference?.handle ?? null,
          reset,
          next,
          config,
          out,
        ),
      )
    } finally {
      proxy.free()
    }
    const matrix = new DMatrix(out[0]!)
    matrix.freeOnError(() => {
      if (matrix.rows !== table.rows) {
        throw new Error(`the batches have ${matrix.rows} rows, the table ${table.rows}`)
      }
      matrix.setFeatureInfo(table.columns)
      // a query group may span batches
      if (table.groups) matrix.setRowInfo(table)
    })
    return matrix
  }

  get rows(): number {
    const out = outParam()
    xgboost().XGDMatrixNumRow(this.handle, out)
    return Number(out[0])
  }

  get columns(): number {
    const out = outParam()
    xgboost().XGDMatrixNumCol(this.handle, out)
    return Number(out[0])
  }

  setFeatureInfo(columns: readonly Column[]): void {
    setFeatureInfo(this.handle, columns)
  }

  private setRowInfo({ labels, sampleWeights, groups, offsets }: Table): void {
    setRowInfo(this.handle, 'label', labels)
    if (offsets) setRowInfo(this.handle, 'base_margin', offsets)
    if (groups) setRowInfo(this.handle, 'qid', groups)
    if (sampleWeights)
      setRowInfo(
        this.handle,
        'weight',
        groups ? groupWeights(sampleWeights, groups) : sampleWeights,
      )
  }

  private freeOnError(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.free()
      throw error
    }
  }
}

/** XGBoost's proxy for the current batch of an iterator. */
class ProxyDMatrix extends NativeHandle {
  constructor() {
    const out = outParam()
    xgboost().XGProxyDMatrixCreate(out)
    super(out[0]!, h => xgboost().XGDMatrixFree(h))
  }
}

/** XGBoost's data iterator over a table's batches. */
class DataIter {
  private batches: Iterator<Batch> | null = null
  private batch: Batch | null = null
  private row = 0
  private error: { thrown: unknown } | null = null
  private readonly columnar: ColumnarInterface

  constructor(
    private readonly table: Table,
    private readonly proxy: ProxyDMatrix,
  ) {
    this.columnar = new ColumnarInterface(table.columns)
  }

  /** An exception cannot pass through C: a callback that throws ends the data, then `run` rethrows. */
  run(create: (reset: () => void, next: () => number) => void): void {
    try {
      create(
        () => this.catchErrors(() => this.reset()),
        () => this.catchErrors(() => this.next()) ?? 0,
      )
    } catch (error) {
      if (!this.error) throw error
    }
    if (this.error) throw this.error.thrown
  }

  private catchErrors<T>(action: () => T): T | undefined {
    if (this.error) return undefined
    try {
      return action()
    } catch (thrown) {
      this.error = { thrown }
      return undefined
    }
  }

  private reset(): void {
    this.batches?.return?.()
    this.batches = null
    this.row = 0
  }

  private next(): number {
    const { table, proxy } = this
    this.batches ??= table.batches()[Symbol.iterator]()
    const { value, done } = this.batches.next()
    if (done) return 0
    // keeps the batch alive until the next one is set: XGBoost reads it in place
    this.batch = value
    const { rows, columns } = this.batch
    const end = this.row + rows
    if (end > table.rows)
      throw new Error(`the batches have more than the table's ${table.rows} rows`)
    xgboost().XGProxyDMatrixSetDataColumnar(proxy.handle, this.columnar.describe(columns))
    setFeatureInfo(proxy.handle, table.columns)
    if (!table.groups) {
      setRowInfo(proxy.handle, 'label', table.labels.subarray(this.row, end))
      if (table.sampleWeights)
        setRowInfo(proxy.handle, 'weight', table.sampleWeights.subarray(this.row, end))
      if (table.offsets)
        setRowInfo(proxy.handle, 'base_margin', table.offsets.subarray(this.row, end))
    }
    this.row = end
    return 1
  }
}

function setFeatureInfo(handle: Handle, columns: readonly Column[]): void {
  for (const [field, strings] of featureInfo(columns)) {
    xgboost().XGDMatrixSetStrFeatureInfo(handle, field, strings.pointers, columns.length)
  }
}

function setRowInfo(handle: Handle, field: string, values: Float32Array | Uint32Array): void {
  xgboost().XGDMatrixSetInfoFromInterface(handle, field, arrayInterface(values))
}

/** XGBoost has one weight per query group. A group takes the weight of its first row. */
function groupWeights(weights: Float32Array, groups: Uint32Array): Float32Array {
  return weights.filter((_, row) => row === 0 || groups[row] !== groups[row - 1])
}

function concatColumns(table: Table): readonly Float32Array[] {
  let columns: Float32Array[] | undefined
  let row = 0
  for (const batch of table.batches()) {
    if (batch.rows === table.rows) return batch.columns
    columns ??= table.columns.map(() => new Float32Array(table.rows))
    batch.columns.forEach((values, column) => {
      columns![column]!.set(values, row)
    })
    row += batch.rows
  }
  return columns ?? []
}
