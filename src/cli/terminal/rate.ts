const windowMs = 8000
/** Before, a rate would only say how the first moments went. */
const leastMs = 1000

/** The rate of a growing amount over the last seconds. */
export class Rate {
  private readonly samples: { at: number; amount: number }[] = []

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Takes the amount so far, and returns what is added per second; null before that is known. */
  add(amount: number): number | null {
    const at = this.now()
    this.samples.push({ at, amount })
    while (this.samples.length > 2 && at - this.samples[0]!.at > windowMs) this.samples.shift()
    const first = this.samples[0]!
    const ms = at - first.at
    return ms < leastMs ? null : Math.max(0, ((amount - first.amount) / ms) * 1000)
  }
}
