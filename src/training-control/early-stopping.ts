import { higherIsBetter } from '../spec/boosting-metrics.js'
import type { MetricRow } from '../spec/metrics.js'

export interface EarlyStoppingOptions {
  /** Name of the value to monitor, such as `validationLoss`. */
  metric: string
  /** Stop after this many evaluations in a row without an improvement. */
  patience: number
  /** A smaller change does not count as an improvement. */
  minDelta: number
}

export interface BestCriterion {
  metric: string
  /** Which of two equal steps is the best; the later one by default. */
  onTie?: 'earlier'
}

/**
 * Tracks the best evaluation and when to stop. Its state depends only on the rows passed to `update`,
 * so a resumed job that replays its logged rows decides like one that was never interrupted.
 */
export class EarlyStoppingTracker {
  /** Step of the best evaluation; null before the first. */
  bestStep: number | null = null
  private bestScore = Number.NEGATIVE_INFINITY
  private referenceScore = Number.NEGATIVE_INFINITY
  private evaluationsWithoutImprovement = 0

  constructor(
    private readonly bestCriterion: BestCriterion | null,
    private readonly earlyStopping: EarlyStoppingOptions | null,
  ) {}

  update({ step, values }: MetricRow): void {
    if (this.bestCriterion) {
      const score = scoreOf(values, this.bestCriterion.metric)
      if (score !== null && this.isBest(score)) {
        this.bestStep = step
        this.bestScore = score
      }
    }
    if (this.earlyStopping) {
      const score = scoreOf(values, this.earlyStopping.metric)
      if (score === null) return
      this.evaluationsWithoutImprovement++
      if (score > this.referenceScore + this.earlyStopping.minDelta) {
        this.referenceScore = score
        this.evaluationsWithoutImprovement = 0
      }
    }
  }

  /** True after `patience` evaluations without an improvement. */
  get shouldStop(): boolean {
    return (
      this.earlyStopping !== null &&
      this.evaluationsWithoutImprovement >= this.earlyStopping.patience
    )
  }

  private isBest(score: number): boolean {
    return this.bestCriterion?.onTie === 'earlier'
      ? score > this.bestScore
      : score >= this.bestScore
  }
}

/** A number that is larger for a better value; null if the row does not have the metric. */
function scoreOf(values: MetricRow['values'], metric: string): number | null {
  const value = values[metric]
  if (value === undefined) return null
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY
  return metric === 'validationAccuracy' || higherIsBetter(metric) ? value : -value
}
