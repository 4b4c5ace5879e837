import { arrayInterface, cell, type Handle, xgboost } from './capi.js'
import { columnTexts } from './feature-info.js'
import { Owned } from './native-handle.js'
import type { Batch, Column, Table } from './training-table.js'

/** The values of a table and what is known of its rows, as XGBoost trains on them. */
export class Matrix extends Owned {
  private constructor(handle: Handle) {
    super(handle, h => xgboost().XGDMatrixFree(h))
  }

  /** Row-major `values` [rows, columns], NaN where missing: a copy of about 8 bytes a value. */
  static dense(values: Float32Array, rows: number, threads: number): Matrix {
    const columns = rows === 0 ? 0 : values.length / rows
    const out = cell()
    const config = `{"missing":NaN,"nthread":${threads}}`
    xgboost().XGDMatrixCreateFromDense(arrayInterface(values, [rows, columns]), config, out)
    return new Matrix(out[0]!)
  }

  /** All values, copied: about 8 bytes each. For tree methods that look at values, not at bins. */
  static whole(table: Table, threads: number): Matrix {
    const columns = wholeColumns(table)
    const out = cell()
    const config = `{"missing":NaN,"nthread":${threads}}`
    xgboost().XGDMatrixCreateFromColumnar(columnar(columns), config, out)
    const matrix = new Matrix(out[0]!)
    matrix.#orFree(() => {
      matrix.describe(table.columns)
      matrix.#setRows(table)
    })
    return matrix
  }

  /**
   * Only each value's bin, about a byte: batches are read in place, several times over, and not kept.
   * `reference`: the matrix whose bins to use, for validation data.
   */
  static quantile(
    table: Table,
    options: { maxBins: number; threads: number; reference?: Matrix },
  ): Matrix {
    const { maxBins, threads, reference } = options
    const api = xgboost()
    const out = cell()
    const proxy = new ProxyMatrix()
    try {
      const feed = new Feed(table, proxy)
      const config = `{"missing":NaN,"nthread":${threads},"max_bin":${maxBins}}`
      feed.run((reset, next) =>
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
    const matrix = new Matrix(out[0]!)
    matrix.#orFree(() => {
      if (matrix.rows !== table.rows) {
        throw new Error(`the batches have ${matrix.rows} rows, the table ${table.rows}`)
      }
      matrix.describe(table.columns)
      // queries may lie across batches
      if (table.groups) matrix.#setRows(table)
    })
    return matrix
  }

  get rows(): number {
    const out = cell()
    xgboost().XGDMatrixNumRow(this.handle, out)
    return Number(out[0])
  }

  get columns(): number {
    const out = cell()
    xgboost().XGDMatrixNumCol(this.handle, out)
    return Number(out[0])
  }

  describe(columns: readonly Column[]): void {
    describe(this.handle, columns)
  }

  #setRows({ labels, weights, groups }: Table): void {
    setRows(this.handle, 'label', labels)
    if (groups) setRows(this.handle, 'qid', groups)
    if (weights) setRows(this.handle, 'weight', groups ? perGroup(weights, groups) : weights)
  }

  #orFree(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.free()
      throw error
    }
  }
}

/** Holds a batch for the length of a `next`. */
class ProxyMatrix extends Owned {
  constructor() {
    const out = cell()
    xgboost().XGProxyDMatrixCreate(out)
    super(out[0]!, h => xgboost().XGDMatrixFree(h))
  }
}

/** Hands a table's batches to XGBoost, as often as it asks. */
class Feed {
  #batches: Iterator<Batch> | null = null
  #batch: Batch | null = null
  #row = 0
  #error: { thrown: unknown } | null = null

  constructor(
    private readonly table: Table,
    private readonly proxy: ProxyMatrix,
  ) {}

  /** What a callback throws cannot pass through C: it ends the data there, and is thrown here. */
  run(create: (reset: () => void, next: () => number) => void): void {
    try {
      create(
        () => this.#guarded(() => this.#reset()),
        () => this.#guarded(() => this.#next()) ?? 0,
      )
    } catch (error) {
      if (!this.#error) throw error
    }
    if (this.#error) throw this.#error.thrown
  }

  #guarded<T>(step: () => T): T | undefined {
    if (this.#error) return undefined
    try {
      return step()
    } catch (thrown) {
      this.#error = { thrown }
      return undefined
    }
  }

  #reset(): void {
    this.#batches?.return?.()
    this.#batches = null
    this.#row = 0
  }

  #next(): number {
    const { table, proxy } = this
    this.#batches ??= table.batches()[Symbol.iterator]()
    const { value, done } = this.#batches.next()
    if (done) return 0
    // held until the next one is set, for XGBoost reads it where it lies
    this.#batch = value
    const { rows, columns } = this.#batch
    const end = this.#row + rows
    if (end > table.rows)
      throw new Error(`the batches have more than the table's ${table.rows} rows`)
    xgboost().XGProxyDMatrixSetDataColumnar(proxy.handle, columnar(columns))
    describe(proxy.handle, table.columns)
    if (!table.groups) {
      setRows(proxy.handle, 'label', table.labels.subarray(this.#row, end))
      if (table.weights) setRows(proxy.handle, 'weight', table.weights.subarray(this.#row, end))
    }
    this.#row = end
    return 1
  }
}

function describe(handle: Handle, columns: readonly Column[]): void {
  for (const [field, texts] of columnTexts(columns)) {
    xgboost().XGDMatrixSetStrFeatureInfo(handle, field, texts.pointers, columns.length)
  }
}

function setRows(handle: Handle, field: string, values: Float32Array | Uint32Array): void {
  xgboost().XGDMatrixSetInfoFromInterface(handle, field, arrayInterface(values, [values.length]))
}

const columnar = (columns: readonly Float32Array[]) =>
  `[${columns.map(values => arrayInterface(values, [values.length]))}]`

/** XGBoost weighs queries, not their rows: a query has the weight of its first row. */
function perGroup(weights: Float32Array, groups: Uint32Array): Float32Array {
  return weights.filter((_, row) => row === 0 || groups[row] !== groups[row - 1])
}

function wholeColumns(table: Table): readonly Float32Array[] {
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
