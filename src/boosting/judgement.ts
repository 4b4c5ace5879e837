import { risesWhenBetter } from '../spec/boosting-metrics.js'
import type { MetricRow } from '../spec/metrics.js'

export interface EarlyStopping {
  /** Of a row's values, such as validationRmse. */
  metric: string
  /** Evaluations without a better value. */
  patience: number
  minDelta: number
}

/**
 * What the evaluations of a job say about it: a function of the logged rows alone, as for networks.
 * Of equals the earlier round is the best, which has fewer trees.
 */
export class Judgement {
  best: number | null = null
  #bestMerit = Number.NEGATIVE_INFINITY
  #reference = Number.NEGATIVE_INFINITY
  #waited = 0

  constructor(private readonly earlyStopping: EarlyStopping | null) {}

  see({ step, values }: MetricRow): void {
    if (!this.earlyStopping) return
    const { metric, minDelta } = this.earlyStopping
    const value = values[metric]
    if (value === undefined) return
    const merit = Number.isNaN(value) ? -Infinity : risesWhenBetter(metric) ? value : -value
    if (merit > this.#bestMerit) {
      this.best = step
      this.#bestMerit = merit
    }
    this.#waited++
    if (merit > this.#reference + minDelta) {
      this.#reference = merit
      this.#waited = 0
    }
  }

  /** Patience has run out. */
  get stop(): boolean {
    return this.earlyStopping !== null && this.#waited >= this.earlyStopping.patience
  }
}
