import type { EvaluatedRecords } from '../spec/evaluation-records.js'
import { indexOfMax } from '../training-control/evaluation.js'

/**
 * Predictions in memory as records, which are numbered in their order. `targets`: for classes, their numbers.
 * `values`: row-major [rows, outputs]; of two classes the probability of the second, of quantiles each of them.
 */
export function evaluatedRecords(
  targets: Float32Array,
  values: Float32Array,
  classes: number,
): EvaluatedRecords {
  const rows = targets.length
  const outputs = values.length / rows
  const index = Int32Array.from(targets, (_, row) => row)
  if (classes === 0) {
    const middle = Math.floor((outputs - 1) / 2)
    const predicted = Float32Array.from(index, row => values[row * outputs + middle]!)
    return { kind: 'numbers', index, target: targets, predicted }
  }
  const probabilityOf =
    outputs === 1
      ? (row: number, label: number) => (label === 1 ? values[row]! : 1 - values[row]!)
      : (row: number, label: number) => values[row * outputs + label]!
  const label = Int32Array.from(targets)
  const predicted = index.map(row =>
    outputs === 1
      ? Number(values[row]! > 0.5)
      : indexOfMax(values.subarray(row * outputs, (row + 1) * outputs)),
  )
  return {
    kind: 'classes',
    index,
    label,
    predicted,
    probability: Float32Array.from(predicted, (each, row) => probabilityOf(row, each)),
    labelProbability: Float32Array.from(label, (each, row) => probabilityOf(row, each)),
  }
}
