// Decimals of 16 to 30 digits, such as Python writes for most float64: exact by arithmetic on pairs of float64
// (Dekker 1971), without a text, which would take ten times as long.

const maxPartDigits = 15
const powers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
/** Splits a float64 into two halves of 26 bits. */
const splitter = 2 ** 27 + 1
/** Far more than the error of the pairs, and far less than half of a last place. */
const doubt = 2 ** -40

/** The part of the last `product` that does not fit into its result. */
let productRest = 0

function product(a: number, b: number): number {
  const result = a * b
  const wideA = splitter * a
  const highA = wideA - (wideA - a)
  const lowA = a - highA
  const wideB = splitter * b
  const highB = wideB - (wideB - b)
  const lowB = b - highB
  productRest = lowA * lowB - (result - highA * highB - lowA * highB - highA * lowB)
  return result
}

/**
 * The nearest float64 to the digits from `start` to `end`, with any sign and point among them, times 10 to the power
 * of `exponent`, for which the digits are a whole number. Negative if only a slower way can tell.
 */
export function parseLongDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  exponent: number,
): number {
  if (exponent < -22 || exponent > 22) return -1
  let high = 0
  let low = 0
  let digits = 0
  let lowDigits = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    // the sign or the point
    if (digit < 0 || digit > 9) continue
    if (digits < maxPartDigits) high = high * 10 + digit
    else {
      low = low * 10 + digit
      lowDigits++
    }
    // zeros in front are no digits
    if (high > 0) digits++
  }
  if (lowDigits > maxPartDigits) return -1
  const shifted = product(high, powers[lowDigits]!)
  const whole = shifted + low
  const rest = low - (whole - shifted) + productRest
  const power = powers[Math.abs(exponent)]!
  let value: number
  let correction: number
  if (exponent < 0) {
    value = whole / power
    const back = product(value, power)
    correction = (whole - back - productRest + rest) / power
  } else {
    value = product(whole, power)
    correction = productRest + rest * power
  }
  const lower = value + correction * (1 - doubt)
  return lower === value + correction * (1 + doubt) ? lower : -1
}
