import { risesWhenBetter } from '../spec/boosting-metrics.js'
import type { MetricRow } from '../spec/metrics.js'

export interface EarlyStopping {
  /** Of a row's values, such as validationLoss. */
  metric: string
  /** Evaluations without a better value. */
  patience: number
  minDelta: number
}

export interface BestBy {
  metric: string
  /** `later` if absent: it has learned longer. */
  ofEquals?: 'earlier'
}

/**
 * What the evaluations of a job say about it. It is a function of the logged rows alone, so a resumed
 * job, which has those up to its checkpoint, judges as one that was never cut.
 */
export class Judgement {
  /** The step of the best evaluation. */
  best: number | null = null
  #bestMerit = Number.NEGATIVE_INFINITY
  #reference = Number.NEGATIVE_INFINITY
  #waited = 0

  constructor(
    private readonly bestBy: BestBy | null,
    private readonly earlyStopping: EarlyStopping | null,
  ) {}

  see({ step, values }: MetricRow): void {
    if (this.bestBy) {
      const merit = meritOf(values, this.bestBy.metric)
      if (merit !== null && this.#isBest(merit)) {
        this.best = step
        this.#bestMerit = merit
      }
    }
    if (this.earlyStopping) {
      const merit = meritOf(values, this.earlyStopping.metric)
      if (merit === null) return
      this.#waited++
      if (merit > this.#reference + this.earlyStopping.minDelta) {
        this.#reference = merit
        this.#waited = 0
      }
    }
  }

  /** Patience has run out. */
  get stop(): boolean {
    return this.earlyStopping !== null && this.#waited >= this.earlyStopping.patience
  }

  #isBest(merit: number): boolean {
    return this.bestBy?.ofEquals === 'earlier' ? merit > this.#bestMerit : merit >= this.#bestMerit
  }
}

/** Larger is better; null where a row has no such value. */
function meritOf(values: MetricRow['values'], metric: string): number | null {
  const value = values[metric]
  if (value === undefined) return null
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY
  return metric === 'validationAccuracy' || risesWhenBetter(metric) ? value : -value
}
