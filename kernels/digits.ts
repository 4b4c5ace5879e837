// Finds the numbers of which float32 may lose digits, as src/datasets/tables/columns/number-facts.ts does.

/** Numbers of up to six significant digits. */
const maxDigits: f64 = 1000000

/**
 * The first number from `row` on that float32 does not hold, and that is not, once it is multiplied by `scale`, a whole
 * number of at most six digits from which it comes back; `rows` if there is none. NaN is passed over.
 */
export function keepDigits(values: i32, row: i32, rows: i32, scale: f64): i32 {
  const scales = f64x2.splat(scale)
  const limit = f64x2.splat(maxDigits)
  const half = f64x2.splat(0.5)
  let at = row
  for (; rows - at >= 2; at += 2) {
    const pair = v128.load(values + at * 8)
    const narrow = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(pair))
    const isHeld = v128.or(f64x2.eq(narrow, pair), f64x2.ne(pair, pair))
    if (i64x2.all_true(isHeld)) continue
    const size = f64x2.abs(pair)
    const digits = f64x2.floor(f64x2.add(f64x2.mul(size, scales), half))
    const isShort = v128.and(f64x2.lt(digits, limit), f64x2.eq(f64x2.div(digits, scales), size))
    const isKept = v128.or(isHeld, isShort)
    if (i64x2.all_true(isKept)) continue
    return at + (i64x2.bitmask(isKept) & 1)
  }
  if (at < rows) {
    const value = load<f64>(values + at * 8)
    const size = abs(value)
    const digits = floor(size * scale + 0.5)
    const isHeld = <f64>(<f32>value) === value || value !== value
    if (isHeld || (digits < maxDigits && digits / scale === size)) at++
  }
  return at
}
