/** float32 holds every integer up to it. */
const maxExactInteger = 2 ** 24

const digit0 = 48

/** Numbers in which the kernel keeps the state of a survey. */
export const surveyFields = 12

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

  /** Gives the state to the kernel `surveyNumbers`, which adds many numbers at once, and takes what it becomes. */
  addBy(survey: () => number, state: Float64Array): number {
    const { count, sum, min, max, secondMin, secondMax, minCount, maxCount } = this
    const flags = [Number(this.allWhole), Number(this.isSequence)]
    const numbers = [count, sum, min, max, secondMin, secondMax, minCount, maxCount]
    state.set([...numbers, ...flags, this.last, this.rounded ?? Number.NaN])
    const added = survey()
    this.count = state[0]!
    this.sum = state[1]!
    this.min = state[2]!
    this.max = state[3]!
    this.secondMin = state[4]!
    this.secondMax = state[5]!
    this.minCount = state[6]!
    this.maxCount = state[7]!
    this.allWhole = state[8] === 1
    this.isSequence = state[9] === 1
    this.last = state[10]!
    this.rounded = Number.isNaN(state[11]) ? null : state[11]!
    return added
  }

  /** `bytes`: a whole number of at least two characters. */
  checkLeadingZero(bytes: Buffer, start: number, end: number): void {
    if (this.leadingZero !== null) return
    const first = bytes[start]! < digit0 ? start + 1 : start
    if (bytes[first] !== digit0 || end - first < 2) return
    this.leadingZero = bytes.toString('latin1', start, Math.min(end, start + 40))
  }
}
