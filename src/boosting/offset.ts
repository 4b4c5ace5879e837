import type { BoostingObjective } from '../spec/boosting-options.js'

const identity = (margin: number) => margin

interface Link {
  /** The prediction whose margin is 0. */
  neutral: number
  /** Margin → prediction. */
  predict(margin: number): number
}

const logarithmic: Link = { neutral: 1, predict: Math.exp }
const links: Partial<Record<BoostingObjective, Link>> = {
  binary: { neutral: 0.5, predict: margin => 1 / (1 + Math.exp(-margin)) },
  poisson: logarithmic,
  gamma: logarithmic,
  tweedie: logarithmic,
}

/**
 * How an objective with one output converts its margin, to which offsets are added. A booster that
 * trains with offsets starts from them alone: its base score is neutral, so that the margin is the sum
 * of the offset and the trees.
 */
export const linkOf = (objective: BoostingObjective): Link =>
  links[objective] ?? { neutral: 0, predict: identity }
