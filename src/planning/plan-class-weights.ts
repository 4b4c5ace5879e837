import { escapePointerToken, type FieldErrors, quoteJson } from '../errors.js'
import type { ClassWeights, ClassWeightsPlan } from '../spec/class-weights.js'
import { listNames } from '../spec/notes.js'

const path = '/training/classWeights'

/**
 * The weights that scikit-learn calls balanced, by the records of each class: records / (classes × records
 * of the class), where only classes with records count. A class without any has the weight 1.
 */
export function balancedWeights(counts: readonly number[]): number[] {
  const present = counts.filter(count => count > 0).length
  const records = counts.reduce((sum, count) => sum + count, 0)
  return counts.map(count => (count === 0 ? 1 : records / (present * count)))
}

/**
 * The weight of each class by its name. `counts`: the records of each class. Adds an error
 * for each name that is no class, and if all classes with records have the weight 0.
 */
export function planClassWeights(
  requested: ClassWeights,
  labels: readonly string[],
  counts: readonly number[],
  errors: FieldErrors,
): ClassWeightsPlan {
  const weights =
    requested === 'balanced'
      ? balancedWeights(counts)
      : labels.map(label => (Object.hasOwn(requested, label) ? requested[label]! : 1))
  if (requested !== 'balanced') checkNames(requested, labels, errors)
  const hasRecords = counts.some(count => count > 0)
  if (hasRecords && weights.every((weight, index) => weight === 0 || counts[index] === 0)) {
    const message = 'all classes that have records have the weight 0, so nothing can be learnt'
    errors.add(path, 'contradiction', message)
  }
  return Object.fromEntries(labels.map((label, index) => [label, weights[index]!]))
}

function checkNames(
  weights: ClassWeightsPlan,
  labels: readonly string[],
  errors: FieldErrors,
): void {
  const known = new Set(labels)
  for (const name of Object.keys(weights)) {
    if (known.has(name)) continue
    const message = `there is no class ${quoteJson(name)}; the classes are ${listNames(labels)}`
    errors.add(`${path}/${escapePointerToken(name)}`, 'unknown_class', message)
  }
}
