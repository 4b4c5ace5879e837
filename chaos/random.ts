import { mulberry32 } from '../testing/random.js'

/** A seeded random generator. */
export class Random {
  /** Uniform in [0, 1). */
  readonly next: () => number

  constructor(seed: number) {
    this.next = mulberry32(seed)
  }

  uniform(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** A whole number from 0 to `count` - 1. */
  integerBelow(count: number): number {
    return Math.floor(this.next() * count)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integerBelow(items.length)]!
  }

  /** `count` different items, in the order of the list. */
  sample<T>(items: readonly T[], count: number): T[] {
    const left = [...items]
    while (left.length > count) left.splice(this.integerBelow(left.length), 1)
    return left
  }

  pickWeighted<T extends { weight: number }>(items: readonly T[]): T {
    let left = this.next() * items.reduce((sum, { weight }) => sum + weight, 0)
    for (const item of items) {
      left -= item.weight
      if (left < 0) return item
    }
    return items.at(-1)!
  }

  /** An independent generator: numbers taken from it do not change the ones that follow here. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32))
  }
}
