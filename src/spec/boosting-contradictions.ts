import {
  type BoostingObjective,
  type BoostingOptions,
  objectiveOptions,
} from './boosting-options.js'
import type { FieldErrorCode } from './field-error-codes.js'
import { listNames } from './notes.js'

export interface Contradiction {
  field: keyof BoostingOptions
  code: FieldErrorCode
  message: string
}

interface Column {
  name: string
  /** Number of categories; null for a column of numbers. */
  categories: number | null
}

/**
 * Finds model options that contradict each other, the table or XGBoost's own limits. `model` has the
 * objective that is used; `columns` are the feature columns, without the target.
 */
export function findContradictions(
  model: BoostingOptions,
  columns: readonly Column[],
): Contradiction[] {
  const known = new Set(columns.map(column => column.name))
  const requested = model.categorical ?? []
  const categorical = new Set([
    ...requested,
    ...columns.filter(column => column.categories !== null).map(column => column.name),
  ])
  const found: Contradiction[] = []
  const add = (field: keyof BoostingOptions, code: FieldErrorCode, message: string) =>
    found.push({ field, code, message })

  if (model.treeMethod === 'exact') {
    const [first] = categorical
    if (first !== undefined) {
      const message = `treeMethod exact knows only numbers, and '${first}' has categories: take hist or approx`
      add('treeMethod', 'contradiction', message)
    }
    if (model.maxBins !== undefined) {
      const message = 'treeMethod exact has no bins: leave out maxBins, or take hist or approx'
      add('maxBins', 'contradiction', message)
    }
    if (model.maxDepth === 0) {
      const message = 'treeMethod exact needs a limit: give maxDepth, or take hist or approx'
      add('maxDepth', 'contradiction', message)
    }
  }
  for (const { code, message } of quantileProblems(model)) add('quantile', code, message)
  for (const [option, only] of objectiveOptions) {
    if (model[option] === undefined || model.objective === only) continue
    const is = model.objective ?? 'another'
    add(option, 'contradiction', `${option} goes with objective ${only}, and this is ${is}`)
  }
  const problem = baseScoreProblem(model)
  if (problem) add('baseScore', problem.code, problem.message)
  for (const name of requested) {
    if (!known.has(name)) add('categorical', 'unknown_column', unknownColumnMessage(name, columns))
  }
  for (const name of Object.keys(model.monotone ?? {})) {
    if (!known.has(name)) add('monotone', 'unknown_column', unknownColumnMessage(name, columns))
    else if (categorical.has(name)) {
      const message = `'${name}' has categories, which do not rise or fall: leave it out`
      add('monotone', 'contradiction', message)
    }
  }
  return found
}

type Problem = Omit<Contradiction, 'field'>

function quantileProblems({ objective, quantile }: BoostingOptions): Problem[] {
  if (objective !== 'quantile') {
    const message = 'a quantile goes with objective quantile: give it, or leave out quantile'
    return quantile === undefined ? [] : [{ code: 'contradiction', message }]
  }
  if (quantile === undefined)
    return [{ code: 'required', message: 'objective quantile needs a quantile, such as 0.5' }]
  const problems: Problem[] = []
  const values = typeof quantile === 'number' ? [quantile] : quantile
  const ascending = values.toSorted((a, b) => a - b)
  if (values.some((value, i) => value !== ascending[i])) {
    const message = `quantile is [${values.join(', ')}], expected in ascending order: [${ascending.join(', ')}]; predictions have their values in this order`
    problems.push({ code: 'not_sorted', message })
  }
  for (const value of values) {
    const rounded = Math.fround(value)
    if (rounded > 0 && rounded < 1) continue
    const message = `quantile ${value} is ${rounded} as float32, with which XGBoost computes: take one further from ${rounded}`
    problems.push({ code: 'out_of_range', message })
  }
  return problems
}

/** Objectives that predict numbers above 0. */
const positiveObjectives: readonly BoostingObjective[] = ['poisson', 'gamma', 'tweedie']

function baseScoreProblem({ objective, baseScore }: BoostingOptions): Problem | null {
  if (baseScore === undefined || objective === undefined) return null
  if (objective === 'multiclass') {
    const message = 'baseScore adds the same to each class, which changes nothing: leave it out'
    return { code: 'contradiction', message }
  }
  const expected =
    objective === 'binary' && (baseScore <= 0 || baseScore >= 1)
      ? 'a probability between 0 and 1'
      : positiveObjectives.includes(objective) && baseScore <= 0
        ? 'more than 0'
        : null
  if (expected === null) return null
  const message = `baseScore is ${baseScore}, and with objective ${objective} it is ${expected}`
  return { code: 'out_of_range', message }
}

function unknownColumnMessage(name: string, columns: readonly Column[]): string {
  return `there is no column '${name}'; there are ${listNames(columns.map(column => column.name))}`
}
