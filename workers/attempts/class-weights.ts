import type { Table } from '../../src/boosting/training-table.js'
import { balancedWeights } from '../../src/planning/plan-class-weights.js'
import type { BoostingPlan } from '../../src/spec/boosting-training.js'

/**
 * Multiplies the weight of each training row by the weight of its class. Balanced weights are
 * those of the rows that are trained on.
 */
export function weightedByClass(
  table: Table,
  { classWeights, classes }: Pick<BoostingPlan, 'classWeights' | 'classes'>,
): Table {
  if (!classWeights || !classes) return table
  const { labels } = classes
  const weights =
    classWeights === 'balanced'
      ? balancedWeights(countClasses(table.labels, labels.length))
      : labels.map(label => classWeights[label] ?? 1)
  const listed = labels.slice(0, 20).map((label, i) => `'${label}': ${weights[i]!.toPrecision(4)}`)
  const more = labels.length > listed.length ? ` and ${labels.length - listed.length} more` : ''
  console.log(`class weights of the training rows: ${listed.join(', ')}${more}`)
  const sampleWeights = table.labels.map(
    (label, row) => weights[label]! * (table.sampleWeights?.[row] ?? 1),
  )
  return { ...table, sampleWeights }
}

function countClasses(rowClasses: Float32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const index of rowClasses) counts[index]!++
  return counts
}
