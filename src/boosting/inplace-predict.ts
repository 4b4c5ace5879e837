import type { Booster } from './booster.js'
import { arrayInterface, countsAt, cString, floatsAt, outParam, xgboost } from './capi.js'

/** Up to this many rows, one thread is faster than several. */
const maxSingleThreadRows = 256

/** Number of threads to use for a prediction, at most `threads`. */
export const threadsFor = (rows: number, threads: number): number =>
  rows <= maxSingleThreadRows ? 1 : threads

/**
 * Predicts rows in place, without a DMatrix. What depends only on the number of rows is cached, so
 * a single row costs little more than the trees.
 */
export class InPlacePredictor {
  /** Row-major [capacity, columns], NaN for missing values. Fill it, then call `predict(rows)`. */
  readonly input: Float32Array
  private readonly arrayInterfaces = new Map<number, Uint8Array>()
  private readonly configs: Record<'value' | 'margin', Uint8Array>
  private readonly shape = outParam()
  private readonly dimensions = outParam()
  private readonly result = outParam()
  /** XGBoost's current setting. */
  private currentThreads = 0

  /** The caller frees the booster, after the last prediction. `threads`: see `threadsFor`. */
  constructor(
    private readonly booster: Booster,
    readonly capacity: number,
    private readonly threads: number,
  ) {
    this.input = new Float32Array(capacity * booster.columns)
    const config = (type: number) =>
      cString(
        `{"type":${type},"iteration_begin":0,"iteration_end":0,"strict_shape":true,"missing":NaN,"cache_id":0}`,
      )
    this.configs = { value: config(0), margin: config(1) }
  }

  /** Predictions [rows, outputs] for the first `rows` rows of `input`. */
  predict(rows = 1, kind: 'value' | 'margin' = 'value'): Float32Array {
    if (!(rows >= 1 && rows <= this.capacity)) {
      throw new RangeError(`rows is ${rows}; there is room for 1 to ${this.capacity}`)
    }
    this.setThreads(threadsFor(rows, this.threads))
    const { handle } = this.booster
    const [shape, dimensions, result] = [this.shape, this.dimensions, this.result]
    const values = this.arrayInterface(rows)
    const config = this.configs[kind]
    const { XGBoosterPredictFromDense } = xgboost()
    XGBoosterPredictFromDense(handle, values, config, null, shape, dimensions, result)
    const [, outputs] = countsAt(shape[0]!, 2)
    return floatsAt(result[0]!, rows * outputs!)
  }

  private setThreads(threads: number): void {
    if (threads === this.currentThreads) return
    this.booster.set({ nthread: threads })
    this.currentThreads = threads
  }

  private arrayInterface(rows: number): Uint8Array {
    const cached = this.arrayInterfaces.get(rows)
    if (cached) return cached
    const columns = this.input.length / this.capacity
    const text = cString(arrayInterface(this.input, [rows, columns]))
    this.arrayInterfaces.set(rows, text)
    return text
  }
}
