import type { FieldErrors } from '../errors.js'
import { type BoostingObjective, isClassification } from '../spec/boosting-options.js'
import type { Classes } from '../spec/boosting-training.js'
import type { NumericColumn } from '../spec/dataset.js'
import type { Notes } from '../spec/notes.js'
import type { NonTextColumn } from './feature-columns.js'
import { targetRangeProblem } from './target-range.js'

/** A boosting round adds one tree for each class. */
const maxClasses = 1000

/** float32 holds every integer up to it. */
const maxExactInteger = 2 ** 24

/** Numbers with so few different values are often classes. */
const maxFewValues = 20

/**
 * The objective for a request without one. Two different values are two classes, whatever they are. More
 * numbers are quantities. Adds a note if a person may expect another objective.
 */
export function defaultObjective(
  target: NonTextColumn,
  records: number,
  notes: Notes,
): BoostingObjective {
  if (target.type === 'boolean') return 'binary'
  if (target.type === 'category') return target.categories.length === 2 ? 'binary' : 'multiclass'
  const { name, min, max, distinct } = target
  if (hasTwoValues(target)) {
    if (min !== 0 || max !== 1) {
      const message = `target '${name}' has two values, ${min} and ${max}, so they are two classes (objective binary); to predict a number, give objective regression`
      notes.add('two_values_are_classes', message, [name])
    }
    return 'binary'
  }
  const isFew =
    distinct !== null && distinct > 2 && distinct <= maxFewValues && records >= 5 * distinct
  if (isWhole(target) && isFew) {
    const message = `target '${name}' has ${distinct} different whole numbers, from ${min} to ${max}, and is predicted as a number (objective regression); if they are classes, give objective multiclass`
    notes.add('few_values_are_numbers', message, [name])
  }
  return 'regression'
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
  const problem = isClassification(objective)
    ? classTargetError(objective, target)
    : numericTargetError(objective, target)
  errors.addIf('/training/target', 'wrong_target', problem)
  return isClassification(objective) && !problem ? classesOf(target) : null
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
  const count = classCount(target)
  if (target.type !== 'category' && target.type !== 'boolean') {
    const { min, max, distinct } = target
    if (min === null || max === null) return `target '${name}' has no values`
    if (min === max) {
      return `target '${name}' has only one value, ${min}: there is nothing to tell apart`
    }
    if (!isWhole(target) && !hasTwoValues(target)) {
      return `target '${name}' has ${distinct ?? 'many'} different numbers, some with fractions, which are no classes: take regression, or upload it as a category`
    }
    const isRounded = Math.fround(min) !== min || Math.fround(max) !== max
    const largest = Math.max(Math.abs(min), Math.abs(max))
    if (isRounded && largest > maxExactInteger) {
      return `target '${name}' has numbers up to ${largest}, and above ${maxExactInteger} they run together in float32: upload it as a category`
    }
    if (Math.fround(min) === Math.fround(max)) {
      return `target '${name}' has the values ${min} and ${max}, which are one number in float32: upload it as a category`
    }
    const range = `target '${name}' has whole numbers from ${min} to ${max}`
    if (objective === 'binary' && count !== 2) {
      const different = distinct === null ? '' : `, ${distinct} different ones`
      return `objective binary tells two classes apart, but ${range}${different}: take multiclass`
    }
    if (count > maxClasses) {
      return `${range}, at most ${maxClasses} classes can be told apart: take regression, or upload it as a category`
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

/** True if the column has exactly two values. A column that was uploaded before they were counted may be 0 and 1. */
const hasTwoValues = ({ type, min, max, distinct }: NumericColumn): boolean =>
  min !== null &&
  max !== null &&
  min !== max &&
  (distinct === 2 || (distinct === null && type === 'integer' && max - min === 1))

const isWhole = ({ type, whole }: NumericColumn): boolean => type === 'integer' || whole === true

/** Two values are two classes. Otherwise, every integer from the smallest to the largest is a class, even if no row has it. */
function classCount(target: NonTextColumn): number {
  if (target.type === 'category') return target.categories.length
  if (target.type === 'boolean' || hasTwoValues(target)) return 2
  return (target.max ?? 0) - (target.min ?? 0) + 1
}

function classesOf(target: NonTextColumn): Classes {
  if (target.type === 'category') return { labels: target.categories, base: 0 }
  if (target.type === 'boolean') return { labels: ['false', 'true'], base: 0 }
  const { min, max } = target
  const base = min ?? 0
  if (hasTwoValues(target) && !(Number.isInteger(base) && max! - base === 1)) {
    return { labels: [`${base}`, `${max}`], base, step: max! - base }
  }
  return { labels: Array.from({ length: classCount(target) }, (_, i) => `${base + i}`), base }
}

/** Notes classes that no row has: whole numbers between the smallest and the largest. */
export function noteEmptyClasses(
  classes: Classes | null,
  target: NonTextColumn,
  notes: Notes,
): void {
  if (!classes || target.type === 'category' || target.distinct === null) return
  const empty = classes.labels.length - target.distinct
  if (empty <= 0) return
  if (target.type === 'boolean') {
    const message = `target '${target.name}' is ${target.max === 1 ? 'true' : 'false'} in every row: there is nothing to tell apart`
    notes.add('one_class', message, [target.name])
    return
  }
  const message = `${empty} of the ${classes.labels.length} classes of target '${target.name}', the whole numbers from ${target.min} to ${target.max}, have no row; if the numbers are only names, upload it as a category`
  notes.add('class_without_examples', message, [target.name])
}
