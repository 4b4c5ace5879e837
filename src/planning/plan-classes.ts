import type { FieldError } from '../errors.js'
import type { BoostingObjective } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { TableColumn } from '../spec/dataset.js'

/** A round has a tree for each. */
const maxClasses = 1000

/** What a target asks for by itself: whole numbers are amounts, unless all of them are 0 and 1. */
export function defaultObjective(target: TableColumn): BoostingObjective {
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

/** Which classes a target's values are, and whether the objective can learn them. */
export function planClasses(
  objective: BoostingObjective,
  target: TableColumn,
): { classes: Classes | null; fieldErrors: FieldError[] } {
  const invalidTarget = (message: string) => {
    const fieldError = { path: '/training/target', code: 'wrong_target', message }
    return { classes: null, fieldErrors: [fieldError] }
  }
  const { name } = target
  if (objective !== 'binary' && objective !== 'multiclass') {
    if (target.type === 'category') {
      return invalidTarget(
        `objective ${objective} predicts numbers, but target '${name}' has categories: take binary or multiclass`,
      )
    }
    if (target.type === 'text') return { classes: null, fieldErrors: [] }
    const negative = target.min !== null && target.min < 0
    if (negative && (objective === 'poisson' || objective === 'ranking')) {
      const valueKind = objective === 'poisson' ? 'counts' : 'relevances'
      return invalidTarget(
        `objective ${objective} learns ${valueKind} from 0 on, but target '${name}' goes down to ${target.min}`,
      )
    }
    if (objective === 'ranking' && (target.max ?? 0) > maxRelevance) {
      return invalidTarget(
        `objective ranking learns relevances from 0 to ${maxRelevance}, but target '${name}' goes up to ${target.max}`,
      )
    }
    return { classes: null, fieldErrors: [] }
  }
  const classes = classesOf(target)
  if (typeof classes === 'string') return invalidTarget(classes)
  const { length } = classes.labels
  if (objective === 'binary' && length !== 2) {
    const hint = length > 2 ? 'take multiclass' : 'there is nothing to tell apart'
    return invalidTarget(
      `objective binary tells two classes apart, but target '${name}' has ${length}: ${hint}`,
    )
  }
  if (length < 2 || length > maxClasses) {
    return invalidTarget(
      `objective multiclass tells 2 to ${maxClasses} classes apart, but target '${name}' has ${length}`,
    )
  }
  return { classes, fieldErrors: [] }
}

/** Gains grow as 2 to the relevance, which XGBoost bounds. */
export const maxRelevance = 31

/** Every whole number from the least to the largest is a class, by its own name. */
function classesOf(target: TableColumn): Classes | string {
  const { name } = target
  switch (target.type) {
    case 'category':
      return { labels: target.categories, base: 0 }
    case 'boolean':
      return { labels: ['false', 'true'], base: 0 }
    case 'integer': {
      const { min, max } = target
      if (min === null || max === null) return `target '${name}' has no values`
      if (max - min >= maxClasses) {
        return `target '${name}' has whole numbers from ${min} to ${max}, at most ${maxClasses} classes can be told apart: take regression, or upload it as a category`
      }
      return { labels: Array.from({ length: max - min + 1 }, (_, i) => `${min + i}`), base: min }
    }
    default:
      return `target '${name}' has numbers with fractions, which are no classes: take regression, or upload it as a category`
  }
}
