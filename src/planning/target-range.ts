import type { BoostingObjective } from '../spec/boosting-options.js'
import type { NumericColumn } from '../spec/dataset.js'

/** XGBoost's limit for the ranking objective, whose gain is 2^relevance - 1. */
const maxRelevance = 31

interface TargetRange {
  /** What the target holds, in the plural. */
  learns: string
  isBelow(min: number): boolean
  max?: number
  /** True if fractions are refused. */
  whole?: true
}

/** Objectives whose loss is defined for some numbers only. */
const ranges: Partial<Record<BoostingObjective, TargetRange>> = {
  poisson: { learns: 'counts from 0 on', isBelow: min => min < 0 },
  tweedie: { learns: 'amounts from 0 on', isBelow: min => min < 0 },
  gamma: { learns: 'amounts above 0', isBelow: min => min <= 0 },
  ranking: {
    learns: `whole relevances from 0 to ${maxRelevance}`,
    isBelow: min => min < 0,
    max: maxRelevance,
    whole: true,
  },
}

/** Returns what is wrong with the numbers of a target, and what the objective learns, or null. */
export function targetRangeProblem(
  objective: BoostingObjective,
  { min, max, firstFraction }: Pick<NumericColumn, 'min' | 'max' | 'firstFraction'>,
): { found: string; learns: string } | null {
  const range = ranges[objective]
  if (!range) return null
  if (min !== null && range.isBelow(min)) {
    return { found: `goes down to ${min}`, learns: range.learns }
  }
  if (max !== null && range.max !== undefined && max > range.max) {
    return { found: `goes up to ${max}`, learns: range.learns }
  }
  if (range.whole && firstFraction) {
    const { value, row } = firstFraction
    return { found: `is ${value} in row ${row}`, learns: range.learns }
  }
  const fraction = [min, max].find(value => value !== null && !Number.isInteger(value))
  if (range.whole && fraction !== undefined) {
    return { found: `is ${fraction} in a row`, learns: range.learns }
  }
  return null
}
