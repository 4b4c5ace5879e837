/**
 * The exponential moving average of a curve, as TensorBoard smooths: `weight`, from 0 to below 1, is the share of the
 * values before. It is debiased, so the first values are not drawn towards 0 (Kingma & Ba, arXiv 1412.6980, section
 * 3). Gaps (null) stay gaps, and a curve of equal values stays as it is.
 */
export function smooth(
  values: readonly (number | null)[],
  weight: number,
): readonly (number | null)[] {
  const first = values.find(value => value !== null)
  if (
    weight <= 0 ||
    first === undefined ||
    values.every(value => value === null || value === first)
  )
    return values
  let average = 0
  let count = 0
  return values.map(value => {
    if (value === null) return null
    count += 1
    average = average * weight + (1 - weight) * value
    return average / (1 - weight ** count)
  })
}
