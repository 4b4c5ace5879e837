import { createMemory, firstPlace, type Kernels, loadKernels } from '../kernels/load-kernels.js'
import { type NumberSurvey, surveyFields } from './number-survey.js'

/** As many as a batch of columns has at most. */
const minRows = 65_536

/** Adds the numbers of typed columns to their surveys, a batch at a time. */
export class NumberKernel {
  private rows = 0
  private kernels: Kernels | null = null
  private state: Float64Array = new Float64Array(0)
  private values: Float64Array = new Float64Array(0)
  private valid: Uint8Array = new Uint8Array(0)

  /**
   * Adds numbers that are not NaN, and whose byte of `valid` is not 0. Returns them, one after the other; the next
   * call overwrites them.
   */
  add(survey: NumberSurvey, numbers: ArrayLike<number>, valid: Uint8Array | null): Float64Array {
    const rows = numbers.length
    const kernels = this.room(rows)
    const { state, values } = this
    values.set(numbers)
    if (valid) this.valid.set(valid.subarray(0, rows))
    const validAt = valid ? this.valid.byteOffset : 0
    const at = values.byteOffset
    const count = survey.addBy(
      () => kernels.surveyNumbers(at, validAt, rows, at, state.byteOffset),
      state,
    )
    return values.subarray(0, count)
  }

  private room(rows: number): Kernels {
    if (this.kernels && rows <= this.rows) return this.kernels
    this.rows = Math.max(rows, minRows)
    const valuesAt = firstPlace + 8 * surveyFields
    const validAt = valuesAt + 8 * this.rows
    const memory = createMemory(validAt + this.rows)
    this.state = new Float64Array(memory.buffer, firstPlace, surveyFields)
    this.values = new Float64Array(memory.buffer, valuesAt, this.rows)
    this.valid = new Uint8Array(memory.buffer, validAt, this.rows)
    this.kernels = loadKernels(memory)
    return this.kernels
  }
}
