/** float32 holds every integer up to it. */
const maxExactInteger = 2 ** 24

const digit0 = 48

/** Statistics of the numbers of a column, updated value by value. */
export class NumberSurvey {
  count = 0
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  /** The smallest value above `min`, and the largest below `max`. */
  secondMin = Number.POSITIVE_INFINITY
  secondMax = Number.NEGATIVE_INFINITY
  minCount = 0
  maxCount = 0
  /** True if no number has a fraction. */
  allWhole = true
  /** True if each number is the one before plus 1, as row numbers are. */
  isSequence = true
  /** The first number above 2^24 that float32 cannot hold. */
  rounded: number | null = null
  /** The first number that is written with a leading zero, such as 01234. */
  leadingZero: string | null = null
  /** The last number of a sequence. */
  private last = Number.NaN

  add(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) {
      this.secondMin = this.min
      this.min = value
      this.minCount = 1
    } else if (value === this.min) this.minCount++
    else if (value < this.secondMin) this.secondMin = value
    if (value > this.max) {
      this.secondMax = this.max
      this.max = value
      this.maxCount = 1
    } else if (value === this.max) this.maxCount++
    else if (value > this.secondMax) this.secondMax = value
    if (!Number.isInteger(value)) this.allWhole = false
    if (this.isSequence) {
      if (this.count > 1 && value !== this.last + 1) this.isSequence = false
      this.last = this.isSequence ? value : Number.NaN
    }
    if (
      this.rounded === null &&
      (value > maxExactInteger || value < -maxExactInteger) &&
      Math.fround(value) !== value
    )
      this.rounded = value
  }

  /** Adds many numbers at once, none of them NaN, much faster than one by one. */
  addAll(values: Float64Array): void {
    if (values.length === 0) return
    if (this.allWhole) this.allWhole = areWhole(values)
    if (this.isSequence) {
      this.isSequence = isSequenceFrom(this.count === 0 ? values[0]! : this.last + 1, values)
      this.last = this.isSequence ? values.at(-1)! : Number.NaN
    }
    let { sum, min, max, secondMin, secondMax, minCount, maxCount } = this
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!
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
      if (value > maxExactInteger || value < -maxExactInteger) this.checkRounded(value)
    }
    Object.assign(this, { sum, min, max, secondMin, secondMax, minCount, maxCount })
    this.count += values.length
  }

  private checkRounded(value: number): void {
    if (this.rounded === null && Math.fround(value) !== value) this.rounded = value
  }

  /** `bytes`: a whole number of at least two characters. */
  checkLeadingZero(bytes: Buffer, start: number, end: number): void {
    if (this.leadingZero !== null) return
    const first = bytes[start]! < digit0 ? start + 1 : start
    if (bytes[first] !== digit0 || end - first < 2) return
    this.leadingZero = bytes.toString('latin1', start, Math.min(end, start + 40))
  }
}

function areWhole(values: Float64Array): boolean {
  for (let at = 0; at < values.length; at++) if (!Number.isInteger(values[at]!)) return false
  return true
}

/** True if they are `first` and each the one before plus 1. */
function isSequenceFrom(first: number, values: Float64Array): boolean {
  let expected = first
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (value !== expected) return false
    expected = value + 1
  }
  return true
}
