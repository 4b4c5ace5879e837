import type { FileLocation } from '../../errors.js'
import { fileError } from '../../errors.js'
import { compareSplits } from '../../split-names.js'

const maxSplits = 64

/** Numbers the splits of a stream as they come, and orders them: train, val, test, and others by name. */
export class SplitNumbers {
  private readonly numbers = new Map<string | null, number>()

  /** Throws DATASET_FORMAT if some images have a split and others have none. */
  add(split: string | null, location: FileLocation): number {
    const known = this.numbers.get(split)
    if (known !== undefined) return known
    if (this.numbers.has(null) || (split === null && this.numbers.size > 0)) {
      const detail = 'some images belong to a split, such as train, and others to none'
      throw fileError('DATASET_FORMAT', location, detail)
    }
    if (this.numbers.size === maxSplits) {
      throw fileError('DATASET_TOO_LARGE', location, `there are more than ${maxSplits} splits`)
    }
    const number = this.numbers.size
    this.numbers.set(split, number)
    return number
  }

  /** The names in their order, none if there are no splits; and the rank of each number that `add` returned. */
  resolve(): { names: string[]; ranks: Uint8Array } {
    const names = [...this.numbers.keys()].filter(name => name !== null).sort(compareSplits)
    const ranks = Uint8Array.from(this.numbers.keys(), name =>
      name === null ? 0 : names.indexOf(name),
    )
    return { names, ranks }
  }
}
