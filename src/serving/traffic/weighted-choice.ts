import { createHash } from 'node:crypto'

/**
 * Chooses among weights in turn (smooth weighted round robin, as in nginx): of as many choices as the sum of the
 * weights, each gets exactly its weight, spread evenly.
 */
export class WeightedTurns {
  private readonly due: number[]
  private readonly total: number

  constructor(private readonly weights: readonly number[]) {
    this.due = weights.map(() => 0)
    this.total = weights.reduce((sum, weight) => sum + weight, 0)
  }

  next(): number {
    let chosen = 0
    for (const [i, weight] of this.weights.entries()) {
      this.due[i] = this.due[i]! + weight
      if (this.due[i]! > this.due[chosen]!) chosen = i
    }
    this.due[chosen] = this.due[chosen]! - this.total
    return chosen
  }
}

/** The same choice for the same text, in every process. `salt` makes the choices of different models independent. */
export function stickyChoice(weights: readonly number[], text: string, salt: string): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const digest = createHash('sha256').update(salt).update('\0').update(text).digest()
  // 48 bits, so that a remainder favours no weight noticeably
  let rest = digest.readUIntBE(0, 6) % total
  for (const [i, weight] of weights.entries()) {
    if (rest < weight) return i
    rest -= weight
  }
  throw new Error('the weights have no sum')
}

/** Says yes to a fraction of the calls: after n calls, to n times the fraction, rounded down. */
export class FractionTurns {
  private calls = 0

  constructor(private readonly fraction: number) {}

  next(): boolean {
    const before = Math.floor(this.calls * this.fraction)
    this.calls++
    return Math.floor(this.calls * this.fraction) > before
  }
}
