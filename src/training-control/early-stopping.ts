import { higherIsBetter } from '../spec/boosting-metrics.js'
import type { MetricRow } from '../spec/metrics.js'
import { type KeepBest, validationMetrics } from '../spec/training-options.js'

export interface EarlyStoppingOptions {
  /** Name of the value to monitor, such as `validationLoss`. */
  metric: string
  /** Stop after this many evaluations in a row without an improvement. */
  patience: number
  /** A smaller change does not count as an improvement. */
  minDelta: number
}

/** Which of a job's evaluations is the best. */
export interface BestCriterion {
  /**
   * Names of validation metrics. The first one decides; among evaluations with equal values, the
   * next one. An evaluation in which one of them is missing, NaN or infinite is never the best.
   */
  metrics: readonly string[]
  /** Which of two evaluations is the best if all these metrics are equal. */
  onTie: 'earlier' | 'later'
}

/**
 * The best evaluation of a network by the metric of `keepBest`. The other metric decides between
 * equal values: on few records, many evaluations have the same accuracy.
 */
export const networkCriterion = ({ metric }: KeepBest): BestCriterion => ({
  metrics: [metric, ...validationMetrics.filter(other => other !== metric)],
  onTie: 'later',
})

/** The best round by the metric of early stopping. Of equally good rounds, the earlier one has fewer trees. */
export const boostingCriterion = ({ metric }: EarlyStoppingOptions): BestCriterion => ({
  metrics: [metric],
  onTie: 'earlier',
})

/**
 * Tracks the best evaluation and when to stop. Its state depends only on the rows passed to `update`,
 * so a resumed job that replays its logged rows decides like one that was never interrupted.
 */
export class EarlyStoppingTracker {
  /** Step of the best evaluation; null if there is none with finite values. */
  bestStep: number | null = null
  private bestScores: readonly number[] = []
  private referenceScore = Number.NEGATIVE_INFINITY
  private evaluationsWithoutImprovement = 0

  constructor(
    private readonly bestCriterion: BestCriterion | null,
    private readonly earlyStopping: EarlyStoppingOptions | null,
  ) {}

  update({ step, values }: MetricRow): void {
    if (this.bestCriterion) {
      const scores = this.bestCriterion.metrics.map(metric => scoreOf(values, metric))
      if (scores.every(Number.isFinite) && this.isBest(scores)) {
        this.bestStep = step
        this.bestScores = scores
      }
    }
    if (this.earlyStopping) {
      const { metric, minDelta } = this.earlyStopping
      if (values[metric] === undefined) return
      const score = scoreOf(values, metric)
      this.evaluationsWithoutImprovement++
      if (Number.isFinite(score) && score > this.referenceScore + minDelta) {
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

  private isBest(scores: readonly number[]): boolean {
    if (this.bestStep === null) return true
    const differing = scores.findIndex((score, i) => score !== this.bestScores[i])
    if (differing < 0) return this.bestCriterion?.onTie === 'later'
    return scores[differing]! > this.bestScores[differing]!
  }
}

/** A number that is larger for a better value; NaN if the row does not have the metric. */
function scoreOf(values: MetricRow['values'], metric: string): number {
  const value = values[metric] ?? Number.NaN
  return metric === 'validationAccuracy' || higherIsBetter(metric) ? value : -value
}
