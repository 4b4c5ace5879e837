import type { MetricRow } from '../spec/metrics.js'
import type { EarlyStopping, KeepBest, ValidationMetric } from '../spec/training-options.js'

/**
 * What the evaluations of a job say about it. It is a function of the logged rows alone, so a resumed
 * job, which has those up to its checkpoint, judges as one that was never cut.
 */
export class Judgement {
  /** The step of the best evaluation; of equals the later, which has learned longer. */
  best: number | null = null
  #bestValue = Number.NEGATIVE_INFINITY
  #reference = Number.NEGATIVE_INFINITY
  #waited = 0

  constructor(
    private readonly keepBest: KeepBest | null,
    private readonly earlyStopping: EarlyStopping | null,
  ) {}

  see({ step, values }: MetricRow): void {
    if (this.keepBest) {
      const value = merit(values, this.keepBest.metric)
      if (value !== null && value >= this.#bestValue) {
        this.best = step
        this.#bestValue = value
      }
    }
    if (this.earlyStopping) {
      const value = merit(values, this.earlyStopping.metric)
      if (value === null) return
      this.#waited++
      if (value > this.#reference + this.earlyStopping.minDelta) {
        this.#reference = value
        this.#waited = 0
      }
    }
  }

  /** Patience has run out. */
  get stop(): boolean {
    return this.earlyStopping !== null && this.#waited >= this.earlyStopping.patience
  }
}

/** Larger is better; null where a row has no such value. */
function merit(values: MetricRow['values'], metric: ValidationMetric): number | null {
  const value = values[metric]
  if (value === undefined) return null
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY
  return metric === 'validationLoss' ? -value : value
}
