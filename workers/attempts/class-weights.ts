import type { Table } from '../../src/boosting/training-table.js'
import type { BoostingPlan } from '../../src/spec/boosting-training.js'

/**
 * Multiplies the weight of each training row by the weight of its class. Balanced weights are those of
 * scikit-learn, of the rows that are trained on: rows / (classes × rows of the class).
 */
export function weightedByClass(
  table: Table,
  { classWeights, classes }: Pick<BoostingPlan, 'classWeights' | 'classes'>,
): Table {
  if (!classWeights || !classes) return table
  const { labels } = classes
  const weights =
    classWeights === 'balanced'
      ? balancedWeights(table.labels, labels.length)
      : labels.map(label => classWeights[label] ?? 1)
  const listed = labels.slice(0, 20).map((label, i) => `'${label}': ${weights[i]!.toPrecision(4)}`)
  const more = labels.length > listed.length ? ` and ${labels.length - listed.length} more` : ''
  console.log(`training rows count by class ${listed.join(', ')}${more}`)
  const sampleWeights = table.labels.map(
    (label, row) => weights[label]! * (table.sampleWeights?.[row] ?? 1),
  )
  return { ...table, sampleWeights }
}

/** A class without rows has the weight 1. */
function balancedWeights(rowClasses: Float32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const index of rowClasses) counts[index]!++
  const present = counts.filter(count => count > 0).length
  return counts.map(count => (count === 0 ? 1 : rowClasses.length / (present * count)))
}
