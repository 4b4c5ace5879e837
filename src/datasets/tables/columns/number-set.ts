const float = new Float64Array(1)
const bits = new Int32Array(float.buffer)

/** Whole numbers below it are looked up without their hash. */
const smallNumbers = 1024

/** Distinct numbers up to a limit: a hash table. */
export class NumberSet {
  size = 0
  /** True if a number was not added because the set was full. */
  overflowed = false
  private slots: Float64Array
  /** 1 for each small number that was added. */
  private readonly small = new Uint8Array(smallNumbers)
  private last = Number.NaN

  constructor(private readonly maxSize: number) {
    this.slots = new Float64Array(16).fill(Number.NaN)
  }

  /** Adds a number that is not NaN, unless the set is full or has it. */
  add(value: number): void {
    if (this.overflowed || value === this.last) return
    this.last = value
    if (!this.insert(value)) return
    this.size++
    if (this.size > this.maxSize) {
      this.overflowed = true
      this.slots = new Float64Array(0)
    } else if (2 * this.size > this.slots.length) this.grow()
  }

  addAll(values: Float64Array): void {
    const { small } = this
    for (let at = 0; at < values.length && !this.overflowed; at++) {
      const value = values[at]!
      const whole = value | 0
      if (whole === value && whole >= 0 && whole < smallNumbers) {
        if (small[whole] === 1) continue
        small[whole] = 1
      }
      this.add(value)
    }
  }

  /** The numbers; null if they are too many. */
  values(): ReadonlySet<number> | null {
    return this.overflowed ? null : new Set(this.slots.filter(value => !Number.isNaN(value)))
  }

  /** Returns false if the number is there. */
  private insert(value: number): boolean {
    const { slots } = this
    const mask = slots.length - 1
    // 0 and -0 have different bits
    float[0] = value + 0
    let hash = Math.imul(bits[0]! ^ Math.imul(bits[1]!, 0x85ebca6b), 0xc2b2ae35)
    hash ^= hash >>> 15
    let slot = hash & mask
    for (;;) {
      const found = slots[slot]!
      if (found === value) return false
      if (Number.isNaN(found)) break
      slot = (slot + 1) & mask
    }
    slots[slot] = value
    return true
  }

  private grow(): void {
    const numbers = this.slots.filter(value => !Number.isNaN(value))
    this.slots = new Float64Array(2 * this.slots.length).fill(Number.NaN)
    for (const value of numbers) this.insert(value)
  }
}
