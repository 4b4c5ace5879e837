import type { FieldErrors } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { NonTextColumn } from './feature-columns.js'
import { targetRangeProblem } from './target-range.js'

/** A boosting round adds one tree for each class. */
const maxClasses = 1000

/** The objective for a request without one. Integers are quantities unless they are all 0 or 1. */
export function defaultObjective(target: NonTextColumn): BoostingObjective {
  switch (target.type) {
    case 'boolean':
      return 'binary'
    case 'category':
      return target.categories.length === 2 ? 'binary' : 'multiclass'
    case 'integer':
      return target.min === 0 && target.max === 1 ? 'binary' : 'regression'
    default:
      return 'regression'
  }
}

/**
 * Returns the classes that the target's values stand for, or null for an objective that predicts
 * numbers. Adds an error if the objective cannot learn the target.
 */
export function planClasses(
  objective: BoostingObjective,
  target: NonTextColumn,
  errors: FieldErrors,
): Classes | null {
  const isClassification = objective === 'binary' || objective === 'multiclass'
  const problem = isClassification
    ? classTargetError(objective, target)
    : numericTargetError(objective, target)
  errors.addIf('/training/target', 'wrong_target', problem)
  return isClassification && !problem ? classesOf(target) : null
}

/** Returns why an objective that predicts numbers cannot learn the target, or null if it can. */
function numericTargetError(objective: BoostingObjective, target: NonTextColumn): string | null {
  const { name } = target
  if (target.type === 'category') {
    return `objective ${objective} predicts numbers, but target '${name}' has categories: take binary or multiclass`
  }
  const problem = targetRangeProblem(objective, target)
  return (
    problem &&
    `objective ${objective} learns ${problem.learns}, but target '${name}' ${problem.found}`
  )
}

/** Returns why a classification objective cannot learn the target, or null if it can. */
function classTargetError(
  objective: 'binary' | 'multiclass',
  target: NonTextColumn,
): string | null {
  const { name } = target
  if (target.type === 'number') {
    return `target '${name}' has numbers with fractions, which are no classes: take regression, or upload it as a category`
  }
  const count = classCount(target)
  if (target.type === 'integer') {
    const { min, max } = target
    if (min === null || max === null) return `target '${name}' has no values`
    if (count > maxClasses) {
      return `target '${name}' has whole numbers from ${min} to ${max}, at most ${maxClasses} classes can be told apart: take regression, or upload it as a category`
    }
  }
  if (objective === 'binary' && count !== 2) {
    const hint = count > 2 ? 'take multiclass' : 'there is nothing to tell apart'
    return `objective binary tells two classes apart, but target '${name}' has ${count}: ${hint}`
  }
  if (count < 2 || count > maxClasses) {
    return `objective multiclass tells 2 to ${maxClasses} classes apart, but target '${name}' has ${count}`
  }
  return null
}

/** Every integer from the smallest to the largest is a class, even if no row has it. */
function classCount(target: NonTextColumn): number {
  if (target.type === 'category') return target.categories.length
  if (target.type === 'boolean') return 2
  return (target.max ?? 0) - (target.min ?? 0) + 1
}

function classesOf(target: NonTextColumn): Classes {
  if (target.type === 'category') return { labels: target.categories, base: 0 }
  if (target.type === 'boolean') return { labels: ['false', 'true'], base: 0 }
  const base = target.min ?? 0
  return { labels: Array.from({ length: classCount(target) }, (_, i) => `${base + i}`), base }
}
