// Collects what there is to know of the numbers of a column, as src/datasets/tables/columns/number-survey.ts does of one.

/** float32 holds every integer up to it. */
const maxExactInteger: f64 = 16777216
/** Four bytes of 1. */
const allValid: u32 = 0x01010101

/**
 * Adds the numbers of some rows, of which NaN and those whose byte of `valid` is 0 are missing; `valid` is 0 if there
 * are no such bytes. `present` gets the others, one after the other, unless it is 0; it may be `values`. Returns how
 * many they are. `state` has twelve float64, in the order of the fields of NumberSurvey.
 */
export function surveyNumbers(values: i32, valid: i32, rows: i32, present: i32, state: i32): i32 {
  let count = load<f64>(state)
  let sum = load<f64>(state, 8)
  let min = load<f64>(state, 16)
  let max = load<f64>(state, 24)
  let secondMin = load<f64>(state, 32)
  let secondMax = load<f64>(state, 40)
  let minCount = load<f64>(state, 48)
  let maxCount = load<f64>(state, 56)
  let allWhole = load<f64>(state, 64) !== 0
  let isSequence = load<f64>(state, 72) !== 0
  let last = load<f64>(state, 80)
  let rounded = load<f64>(state, 88)
  let to = present
  const before = count
  for (let row = 0; row < rows; ) {
    if (!isSequence && rows - row >= 4 && (valid === 0 || load<u32>(valid + row) === allValid)) {
      // numbers that change nothing but the sum, or are counted as the smallest or the largest
      const one = v128.load(values + row * 8)
      const two = v128.load(values + row * 8, 16)
      const limit = rounded === rounded ? Infinity : maxExactInteger
      const low = f64x2.splat(Math.max(secondMin, -limit))
      const high = f64x2.splat(Math.min(secondMax, limit))
      const smallest = f64x2.splat(min)
      const largest = f64x2.splat(max)
      const oneSmallest = f64x2.eq(one, smallest)
      const twoSmallest = f64x2.eq(two, smallest)
      const oneLargest = f64x2.eq(one, largest)
      const twoLargest = f64x2.eq(two, largest)
      let plainOne = v128.or(
        v128.and(f64x2.ge(one, low), f64x2.le(one, high)),
        v128.or(oneSmallest, oneLargest),
      )
      let plainTwo = v128.or(
        v128.and(f64x2.ge(two, low), f64x2.le(two, high)),
        v128.or(twoSmallest, twoLargest),
      )
      if (allWhole) {
        plainOne = v128.and(plainOne, f64x2.eq(f64x2.trunc(one), one))
        plainTwo = v128.and(plainTwo, f64x2.eq(f64x2.trunc(two), two))
      }
      if (i64x2.all_true(v128.and(plainOne, plainTwo))) {
        sum += f64x2.extract_lane(one, 0)
        sum += f64x2.extract_lane(one, 1)
        sum += f64x2.extract_lane(two, 0)
        sum += f64x2.extract_lane(two, 1)
        const isSmallest = i64x2.bitmask(oneSmallest) | (i64x2.bitmask(twoSmallest) << 2)
        const isLargest = i64x2.bitmask(oneLargest) | (i64x2.bitmask(twoLargest) << 2)
        minCount += <f64>popcnt(isSmallest)
        maxCount += <f64>popcnt(isLargest)
        if (present !== 0) {
          v128.store(to, one)
          v128.store(to, two, 16)
          to += 32
        }
        count += 4
        row += 4
        continue
      }
    }
    const end = row + 4 < rows ? row + 4 : rows
    for (; row < end; row++) {
      const value = load<f64>(values + row * 8)
      if (value !== value || (valid !== 0 && load<u8>(valid + row) === 0)) continue
      if (present !== 0) {
        store<f64>(to, value)
        to += 8
      }
      sum += value
      if (value <= secondMin) {
        if (value < min) {
          secondMin = min
          min = value
          minCount = 1
        } else if (value === min) minCount++
        else secondMin = value
      }
      if (value >= secondMax) {
        if (value > max) {
          secondMax = max
          max = value
          maxCount = 1
        } else if (value === max) maxCount++
        else secondMax = value
      }
      // infinite numbers are not whole
      if (allWhole && (trunc(value) !== value || value - value !== 0)) allWhole = false
      if (isSequence) {
        if (count > 0 && value !== last + 1) isSequence = false
        last = isSequence ? value : NaN
      }
      if (abs(value) > maxExactInteger && rounded !== rounded && <f64>(<f32>value) !== value)
        rounded = value
      count++
    }
  }
  store<f64>(state, count)
  store<f64>(state, sum, 8)
  store<f64>(state, min, 16)
  store<f64>(state, max, 24)
  store<f64>(state, secondMin, 32)
  store<f64>(state, secondMax, 40)
  store<f64>(state, minCount, 48)
  store<f64>(state, maxCount, 56)
  store<f64>(state, allWhole ? 1 : 0, 64)
  store<f64>(state, isSequence ? 1 : 0, 72)
  store<f64>(state, last, 80)
  store<f64>(state, rounded, 88)
  return <i32>(count - before)
}
