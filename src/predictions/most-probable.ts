type Probabilities = Float32Array | Float64Array

/** Up to this many are inserted one by one; more are sorted. */
const maxInserted = 32

/**
 * The indices of the `k` most probable classes of each row, most probable first; of equal ones, the first one. NaN is
 * not probable: an index is -1 if too few are numbers.
 */
export function mostProbable(probabilities: Probabilities, classes: number, k: number): Int32Array {
  const count = probabilities.length / classes
  const found = new Int32Array(count * k).fill(-1)
  const fill = k > maxInserted ? sortLargest : insertLargest
  for (let row = 0; row < count; row++) {
    fill(
      found.subarray(row * k, (row + 1) * k),
      probabilities.subarray(row * classes, (row + 1) * classes),
    )
  }
  return found
}

function insertLargest(found: Int32Array, values: Probabilities): void {
  const k = found.length
  let filled = 0
  let least = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (Number.isNaN(value) || (filled === k && !(value > least))) continue
    let place = Math.min(filled, k - 1)
    while (place > 0 && value > values[found[place - 1]!]!) place--
    found.copyWithin(place + 1, place, k - 1)
    found[place] = index
    filled = Math.min(filled + 1, k)
    least = values[found[filled - 1]!]!
  }
}

function sortLargest(found: Int32Array, values: Probabilities): void {
  const indices = Int32Array.from(values.keys()).filter(index => !Number.isNaN(values[index]!))
  indices.sort((a, b) => values[b]! - values[a]! || a - b)
  found.set(indices.subarray(0, found.length))
}
