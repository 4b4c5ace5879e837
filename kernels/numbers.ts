// Parses decimal numbers to the nearest float64, as src/datasets/tables/cell.ts does.

/** What a cell is. `integer` and `undecided` come with another bit. */
const missing: i32 = 0
const number: i32 = 1
const integer: i32 = 2
const other: i32 = 4
/** The caller has to look at it. */
const undecided: i32 = 8

/** The words for missing, true and false have no more bytes. */
const maxWordBytes = 9
/** How those begin: bits for n, t, f, y, < (also |), #, ?, - and 1, of which | 32 keeps the signs. */
const wordsBelow64: u64 = (1 << 35) | (1 << 45) | (1 << 49) | (1 << 60) | (1 << 63)
const wordsFrom64: u64 = (1 << 38) | (1 << 46) | (1 << 52) | (1 << 57)
const maxFloat32: f64 = 3.4028234663852886e38
const minNormalFloat32: f64 = 1.1754943508222875e-38
const maxSafeInteger: u64 = 9007199254740991
/**
 * Less than this, significands are exact in float64, and those of numbers that are written with all of their digits
 * are not, so that the way to compute them can be foreseen.
 */
const maxExact: u64 = 1000000000000000
/** Digits that an unsigned integer of 64 bits always holds. */
const maxDigits = 19

/** The exponents of the table of powers, of which each entry has 16 bytes. */
const minPower: i32 = -64
const maxPower: i32 = 38
/** Of powers of 10 that float64 holds exactly. */
const maxExactPower: i32 = 22

let productLow: u64 = 0

/** Returns the high half of a product of 128 bits, and leaves the low one. */
function multiply(a: u64, b: u64): u64 {
  const lowA = a & 0xffffffff
  const highA = a >> 32
  const lowB = b & 0xffffffff
  const highB = b >> 32
  const low = lowA * lowB
  const middle = highA * lowB + (low >> 32)
  const other = lowA * highB + (middle & 0xffffffff)
  productLow = (other << 32) | (low & 0xffffffff)
  return highA * highB + (middle >> 32) + (other >> 32)
}

/**
 * The float64 nearest to significand times 10 to the power of an exponent, or -1 if only a slower way can tell.
 * D. Lemire, "Number parsing at a gigabyte per second", 2021. `powers`: where the 128-bit powers of 5 are.
 */
function scale(significand: u64, exponent: i32, powers: i32): f64 {
  const zeros = clz(significand)
  const wide = significand << zeros
  const entry = powers + (exponent - minPower) * 16
  let high = multiply(wide, load<u64>(entry))
  let low = productLow
  if ((high & 0x1ff) === 0x1ff) {
    const more = multiply(wide, load<u64>(entry + 8))
    low += more
    if (more > low) high++
  }
  if (low === <u64>-1) return -1
  const upper = high >> 63
  const shift = upper + 9
  let mantissa = high >> shift
  let power: i64 = ((217706 * <i64>exponent) >> 16) + 63 + <i64>upper - <i64>zeros + 1023
  if (power <= 0) return -1
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (mantissa & 3) === 1) {
    if (mantissa << shift === high) mantissa &= ~(<u64>1)
  }
  mantissa += mantissa & 1
  mantissa >>= 1
  if (mantissa >= (<u64>1) << 53) {
    mantissa = (<u64>1) << 52
    power++
  }
  if (power >= 2047) return -1
  return reinterpret<f64>((mantissa & 0xfffffffffffff) | ((<u64>power) << 52))
}

/** True if these eight bytes are digits. */
function areDigits(bytes: u64): bool {
  return (
    ((bytes & 0xf0f0f0f0f0f0f0f0) | (((bytes + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) ===
    0x3333333333333333
  )
}

/** The value of eight digits, each less the code of 0. */
function valueOfEight(digits: u64): u64 {
  let pairs = digits
  pairs = pairs * 10 + (pairs >> 8)
  return (
    ((pairs & 0x000000ff000000ff) * 0x000f424000000064 +
      ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >>
    32
  )
}

/** What a text is that is no number: `other` if it is certainly none of the words that mean something. */
function classify(start: i32, end: i32): i32 {
  if (end - start > maxWordBytes) return other
  const first = <i32>load<u8>(start) | 32
  const words = first < 64 ? wordsBelow64 : wordsFrom64
  return first < 128 && ((words >> <u64>(first & 63)) & 1) !== 0 ? other | undecided : other
}

let value: f64 = 0
let fits = false
let hasLeadingZero = false

/** The number of a significand and an exponent, which `start` to `end` write. */
function finish(
  significand: u64,
  exponent: i32,
  isNegative: bool,
  isWhole: bool,
  start: i32,
  end: i32,
  powers: i32,
  exact: i32,
): i32 {
  let found: f64
  if (significand === 0) found = 0
  else if (significand < maxExact && exponent >= -maxExactPower && exponent <= maxExactPower) {
    const power = load<f64>(exact + abs(exponent) * 8)
    found = exponent < 0 ? <f64>significand / power : <f64>significand * power
  } else if (exponent < minPower || exponent > maxPower) return undecided
  else found = scale(significand, exponent, powers)
  if (found < 0) return undecided
  if (!(found <= maxFloat32)) return classify(start, end)
  if (fits && <f64>(<f32>found) !== found) {
    while (significand >= 1000000 && significand % 10 === 0) significand /= 10
    fits = significand < 1000000 && found >= minNormalFloat32
  }
  value = reinterpret<f64>(reinterpret<u64>(found) | ((<u64>isNegative) << 63))
  if (isWhole && found <= <f64>maxSafeInteger) return number | integer
  hasLeadingZero = false
  return number
}

/** As `parse`, of a cell of any form. */
function parseAny(start: i32, end: i32, powers: i32, exact: i32, decimal: i32): i32 {
  let at = start
  const sign = <i32>load<u8>(at)
  const isNegative = sign === 45
  if (isNegative || sign === 43) at++
  const firstDigit = at
  let significand: u64 = 0
  while (end - at >= 8) {
    const eight = load<u64>(at)
    if (!areDigits(eight)) break
    significand = significand * 100000000 + valueOfEight(eight - 0x3030303030303030)
    at += 8
    if (at - firstDigit > maxDigits) return undecided
  }
  while (at < end) {
    const digit = <u32>load<u8>(at) - 48
    if (digit > 9) break
    significand = significand * 10 + <u64>digit
    at++
  }
  let digits = at - firstDigit
  if (digits > maxDigits) return undecided
  let exponent = 0
  const hasPoint = at < end && <i32>load<u8>(at) === decimal
  if (hasPoint) {
    const fraction = ++at
    if (digits === 1 && significand === 0) digits = 0
    while (end - at >= 8 && digits + (at - fraction) <= 11) {
      const eight = load<u64>(at)
      if (!areDigits(eight)) break
      significand = significand * 100000000 + valueOfEight(eight - 0x3030303030303030)
      at += 8
    }
    while (at < end) {
      const digit = <u32>load<u8>(at) - 48
      if (digit > 9) break
      if (digits + (at - fraction) >= maxDigits) return undecided
      significand = significand * 10 + <u64>digit
      at++
    }
    digits = fraction - 1 - firstDigit + (at - fraction)
    exponent = fraction - at
  }
  if (digits === 0) return classify(start, end)
  const isWhole = !hasPoint && at === end
  if (at < end) {
    if ((<i32>load<u8>(at) | 32) !== 101) return classify(start, end)
    at++
    const exponentSign = at < end ? <i32>load<u8>(at) : 0
    const isSmall = exponentSign === 45
    if (isSmall || exponentSign === 43) at++
    if (at === end) return classify(start, end)
    let written = 0
    for (; at < end; at++) {
      const digit = <u32>load<u8>(at) - 48
      if (digit > 9) return classify(start, end)
      written = min(written * 10 + <i32>digit, 100000)
    }
    exponent += isSmall ? -written : written
  }
  hasLeadingZero = isWhole && <i32>load<u8>(firstDigit) === 48 && end - firstDigit > 1
  return finish(significand, exponent, isNegative, isWhole, start, end, powers, exact)
}

/** Powers of 10 in 64 bits. */
const tens = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
  100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
  100000000000000000, 1000000000000000000, 10000000000000000000,
])

/** The bytes of the last 0 to 8 digits of eight, each of which is less than 16. */
const lastBytes = memory.data<u64>([
  0, 0x0f00000000000000, 0x0f0f000000000000, 0x0f0f0f0000000000, 0x0f0f0f0f00000000,
  0x0f0f0f0f0f000000, 0x0f0f0f0f0f0f0000, 0x0f0f0f0f0f0f0f00, 0x0f0f0f0f0f0f0f0f,
])

/** The value of the last `digits` bytes before `end`, of which there are at most eight. */
function valueOfFew(end: i32, digits: i32): u64 {
  return valueOfEight(load<u64>(end - 8) & load<u64>(lastBytes + digits * 8))
}

/**
 * The value of up to 24 digits before `end`, if it fits. The numbers of a column are short or long: their lengths
 * differ beyond that, so that branches on them would be guessed wrong.
 */
function valueOfDigits(end: i32, digits: i32): u64 {
  if (digits <= 8) return valueOfFew(end, digits)
  const low = valueOfFew(end, 8)
  const middle = valueOfFew(end - 8, min(digits - 8, 8))
  const high = valueOfFew(end - 16, max(digits - 16, 0))
  return (high * 100000000 + middle) * 100000000 + low
}

/** Bit n is set if byte n of 32 is a digit. */
function digitBits(at: i32): u32 {
  const zero = i8x16.splat(48)
  const ten = i8x16.splat(10)
  const low = i8x16.lt_u(i8x16.sub(v128.load(at), zero), ten)
  const high = i8x16.lt_u(i8x16.sub(v128.load(at, 16), zero), ten)
  return <u32>i8x16.bitmask(low) | ((<u32>i8x16.bitmask(high)) << 16)
}

/**
 * Parses one cell that is not empty. Leaves its value. `fits` and `hasLeadingZero` are set if it is a number. Most
 * numbers have a sign, digits, a point and digits, in this order, and these are found at once.
 */
function parse(start: i32, end: i32, powers: i32, exact: i32, decimal: i32): i32 {
  const sign = <i32>load<u8>(start)
  const isNegative = sign === 45
  const first = start + (<i32>isNegative | <i32>(sign === 43))
  const length = end - first
  // the value has no more than 24 digits
  if (<u32>(length - 1) > 24) return parseAny(start, end, powers, exact, decimal)
  const others = ~digitBits(first) & (((<u32>1) << length) - 1)
  if (others === 0) {
    if (length > maxDigits) return undecided
    hasLeadingZero = length > 1 && <i32>load<u8>(first) === 48
    return finish(valueOfDigits(end, length), 0, isNegative, true, start, end, powers, exact)
  }
  const whole = <i32>ctz(others)
  if (whole === 0) {
    const isPoint = <i32>load<u8>(first) === decimal
    return isPoint ? parseAny(start, end, powers, exact, decimal) : classify(start, end)
  }
  const isPlain = <i32>load<u8>(first + whole) === decimal && (others & (others - 1)) === 0
  if (!isPlain || whole > 8) return parseAny(start, end, powers, exact, decimal)
  const fraction = length - whole - 1
  const before = valueOfFew(first + whole, whole)
  if (whole + fraction > maxDigits) {
    // zeros before the first digit that counts
    let zeros = 0
    if (before === 0) while (<i32>load<u8>(first + whole + 1 + zeros) === 48) zeros++
    if (before !== 0 || fraction - zeros > maxDigits) return undecided
  }
  const scaled = before * load<u64>(tens + min(fraction, maxDigits) * 8)
  const significand = scaled + valueOfDigits(end, fraction)
  hasLeadingZero = false
  return finish(significand, -fraction, isNegative, false, start, end, powers, exact)
}

/**
 * Parses the cells of a column. A cell that is no number gets NaN. `kinds` gets a byte for each. `result` gets int32: how many are
 * missing, numbers, integers, other, undecided; 1 if float32 keeps the digits of all; the first row of a number with a
 * leading zero, or -1. `checkFit` is 0 if it is known that float32 does not keep all.
 */
export function parseNumbers(
  fields: i32,
  rows: i32,
  powers: i32,
  exact: i32,
  decimal: i32,
  checkFit: bool,
  numbers: i32,
  kinds: i32,
  result: i32,
): void {
  let missingCount = 0
  let numberCount = 0
  let integerCount = 0
  let otherCount = 0
  let undecidedCount = 0
  let leadingZero = -1
  fits = checkFit
  for (let row = 0; row < rows; row++) {
    const start = load<i32>(fields + row * 8)
    const end = load<i32>(fields + row * 8 + 4) & 0x7fffffff
    let kind = missing
    let cell: f64 = NaN
    if (start === end) missingCount++
    else {
      kind = parse(start, end, powers, exact, decimal)
      if ((kind & number) !== 0) {
        cell = value
        numberCount++
        if ((kind & integer) !== 0) integerCount++
        if (hasLeadingZero && leadingZero < 0) leadingZero = row
      } else if ((kind & undecided) !== 0) undecidedCount++
      else otherCount++
    }
    store<f64>(numbers + row * 8, cell)
    store<u8>(kinds + row, kind)
  }
  store<i32>(result, missingCount)
  store<i32>(result + 4, numberCount)
  store<i32>(result + 8, integerCount)
  store<i32>(result + 12, otherCount)
  store<i32>(result + 16, undecidedCount)
  store<i32>(result + 20, fits ? 1 : 0)
  store<i32>(result + 24, leadingZero)
}
