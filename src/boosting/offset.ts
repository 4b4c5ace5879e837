import type { BoostingObjective } from '../spec/boosting-options.js'
import { type Link, links } from '../trees/links.js'
import { xgboostObjectives } from './parameters.js'

/**
 * How an objective with one output converts its margin, to which offsets are added. A booster that
 * trains with offsets starts from them alone: its base score is neutral, so that the margin is the sum
 * of the offset and the trees.
 */
export const linkOf = (objective: BoostingObjective): Link => links[xgboostObjectives[objective]]!
