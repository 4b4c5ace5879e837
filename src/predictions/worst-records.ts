import type { EvaluatedRecords } from '../spec/evaluation-records.js'

/**
 * The records that were predicted worst, sorted: wrong classes by falling probability, then right ones by
 * rising probability; numbers by falling residual. Equal ones keep their order.
 */
export function worstRecords<R extends EvaluatedRecords>(records: R, limit: number): R {
  const badness = badnessOf(records)
  const order = Uint32Array.from(badness, (_, i) => i).sort(
    (a, b) => badness[b]! - badness[a]! || a - b,
  )
  const kept = order.subarray(0, limit)
  const entries = Object.entries(records).map(([name, values]) => [
    name,
    typeof values === 'string' ? values : pick(values, kept),
  ])
  return Object.fromEntries(entries) as R
}

function badnessOf(records: EvaluatedRecords): Float64Array {
  if (records.kind === 'classes') {
    const { label, predicted, probability } = records
    return Float64Array.from(probability, (value, i) =>
      label[i] === predicted[i] ? -value : value,
    )
  }
  const { target, predicted } = records
  return Float64Array.from(target, (value, i) => {
    const residual = Math.abs(value - predicted[i]!)
    return Number.isNaN(residual) ? Number.POSITIVE_INFINITY : residual
  })
}

const pick = <A extends Int32Array | Float32Array>(values: A, at: Uint32Array): A =>
  new (values.constructor as new (from: ArrayLike<number>) => A)(Array.from(at, i => values[i]!))
