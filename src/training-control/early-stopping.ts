import { higherIsBetter } from '../spec/boosting-metrics.js'
import type { MetricRow } from '../spec/metrics.js'

export interface EarlyStoppingOptions {
  /** Of a row's values, such as validationLoss. */
  metric: string
  /** Evaluations without a better value. */
  patience: number
  minDelta: number
}

export interface BestCriterion {
  metric: string
  /** `later` if absent: it has learned longer. */
  onTie?: 'earlier'
}

/**
 * What the evaluations of a job say about it. It is a function of the logged rows alone, so a resumed
 * job, which has those up to its checkpoint, judges as one that was never cut.
 */
export class EarlyStoppingTracker {
  /** The step of the best evaluation. */
  bestStep: number | null = null
  bestScore = Number.NEGATIVE_INFINITY
  referenceScore = Number.NEGATIVE_INFINITY
  evaluationsWithoutImprovement = 0

  constructor(
    private readonly bestCriterion: BestCriterion | null,
    private readonly earlyStopping: EarlyStoppingOptions | null,
  ) {}

  update({ step, values }: MetricRow): void {
    if (this.bestCriterion) {
      const score = scoreOf(values, this.bestCriterion.metric)
      if (score !== null && this.#isBest(score)) {
        this.bestStep = step
        this.bestScore = score
      }
    }
    if (this.earlyStopping) {
      const merit = scoreOf(values, this.earlyStopping.metric)
      if (merit === null) return
      this.evaluationsWithoutImprovement++
      if (merit > this.referenceScore + this.earlyStopping.minDelta) {
        this.referenceScore = merit
        this.evaluationsWithoutImprovement = 0
      }
    }
  }

  /** Patience has run out. */
  get shouldStop(): boolean {
    return (
      this.earlyStopping !== null &&
      this.evaluationsWithoutImprovement >= this.earlyStopping.patience
    )
  }

  #isBest(score: number): boolean {
    return this.bestCriterion?.onTie === 'earlier'
      ? score > this.bestScore
      : score >= this.bestScore
  }
}

/** Larger is better; null where a row has no such value. */
function scoreOf(values: MetricRow['values'], metric: string): number | null {
  const value = values[metric]
  if (value === undefined) return null
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY
  return metric === 'validationAccuracy' || higherIsBetter(metric) ? value : -value
}
