import type { ImageDuplicates } from '../../../spec/dataset.js'
import type { ImageShape } from '../image-source.js'
import { type Fingerprint, partCount } from './fingerprint.js'
import { GrowingArray } from './growing-array.js'

/** Bits of 64 in which near duplicates differ at most. */
const maxDistance = 4
/** With one part more than bits may differ, one part is equal. */
const bands = maxDistance + 1
/** Mean difference of the brightness of parts. */
const maxPartDifference = 8
/** Of a smaller image, or one with few edges, a fingerprint says too little. */
const minSide = 32
const minEdges = 8
/** More take too long to compare, and their fingerprints too much memory. */
const maxSearched = 1_000_000
const maxComparisons = 2e8
const maxExamples = 20
const maxExampleImages = 10

/** Finds images that are equal, or nearly so. Takes about 50 bytes for each; above a million, 10. */
export class DuplicateSearch {
  private readonly hashes = new GrowingArray(length => new Float64Array(length))
  private readonly splits = new GrowingArray(length => new Uint8Array(length))
  /** Null if near duplicates are not searched. */
  private fingerprints: Fingerprints | null

  constructor(
    { height, width }: ImageShape,
    private readonly limit = maxSearched,
  ) {
    this.fingerprints = Math.min(height, width) >= minSide ? new Fingerprints() : null
  }

  /** `hash` is 48 bits of the hash of the pixels. */
  add(hash: number, fingerprint: Fingerprint, split: number): void {
    this.hashes.push(hash)
    this.splits.push(split)
    this.fingerprints?.add(fingerprint)
    if (this.fingerprints && this.fingerprints.withEdges > this.limit) this.fingerprints = null
  }

  /** `source` names an image by its position, in the order of `add`. Images that are equal do not count as near. */
  find(source: (position: number) => string): ImageDuplicates {
    const exact = this.exactGroups()
    const { fingerprints } = this
    const near = fingerprints && nearGroups(fingerprints, representatives(fingerprints, exact))
    return {
      exact: this.summary(exact, source),
      near: near && this.summary(near, source),
    }
  }

  private exactGroups(): number[][] {
    const order = Uint32Array.from({ length: this.hashes.length }, (_, position) => position)
    order.sort((a, b) => this.hashes.at(a) - this.hashes.at(b) || a - b)
    const groups: number[][] = []
    for (let start = 0; start < order.length; ) {
      let end = start + 1
      while (end < order.length && this.hashes.at(order[end]!) === this.hashes.at(order[start]!)) {
        end++
      }
      if (end - start > 1) groups.push([...order.subarray(start, end)])
      start = end
    }
    return groups.sort((a, b) => a[0]! - b[0]!)
  }

  private summary(groups: readonly number[][], source: (position: number) => string) {
    const isAcross = (group: readonly number[]) => {
      const [first, ...others] = group.map(position => this.splits.at(position))
      return others.some(split => split !== first)
    }
    const across = groups.filter(isAcross)
    const others = groups.filter(group => !isAcross(group))
    return {
      groups: groups.length,
      images: groups.reduce((sum, group) => sum + group.length, 0),
      acrossSplits: across.length,
      examples: [...across, ...others]
        .slice(0, maxExamples)
        .map(group => group.slice(0, maxExampleImages).map(source)),
    }
  }
}

class Fingerprints {
  /** How many images have enough edges. */
  withEdges = 0
  private readonly highs = new GrowingArray(length => new Uint32Array(length))
  private readonly lows = new GrowingArray(length => new Uint32Array(length))
  private readonly parts = new GrowingArray(length => new Uint8Array(length))

  get length(): number {
    return this.highs.length
  }

  add({ high, low, parts }: Fingerprint): void {
    this.highs.push(high)
    this.lows.push(low)
    for (const part of parts) this.parts.push(part)
    if (this.hasEdges(this.length - 1)) this.withEdges++
  }

  hasEdges(position: number): boolean {
    const edges = popcount(this.highs.at(position)) + popcount(this.lows.at(position))
    return edges >= minEdges && edges <= 64 - minEdges
  }

  /** 13 of the 64 bits; the last band has 12. */
  bandOf(position: number, band: number): number {
    const [high, low] = [this.highs.at(position), this.lows.at(position)]
    const shift = 13 * band
    if (shift + 13 <= 32) return (low >>> shift) & 0x1fff
    if (shift >= 32) return (high >>> (shift - 32)) & 0x1fff
    return ((low >>> shift) | (high << (32 - shift))) & 0x1fff
  }

  areNear(a: number, b: number): boolean {
    const distance =
      popcount(this.highs.at(a) ^ this.highs.at(b)) + popcount(this.lows.at(a) ^ this.lows.at(b))
    if (distance > maxDistance) return false
    let difference = 0
    for (let part = 0; part < partCount; part++) {
      const [one, other] = [
        this.parts.at(a * partCount + part),
        this.parts.at(b * partCount + part),
      ]
      difference += Math.abs(one - other)
    }
    return difference <= maxPartDifference * partCount
  }
}

/** One image of each group of equal ones, and all others, if they have enough edges. */
function representatives(
  fingerprints: Fingerprints,
  exact: readonly (readonly number[])[],
): Uint32Array {
  const repeated = new Set(exact.flatMap(([, ...others]) => others))
  const positions = Uint32Array.from({ length: fingerprints.length }, (_, position) => position)
  return positions.filter(position => fingerprints.hasEdges(position) && !repeated.has(position))
}

function nearGroups(fingerprints: Fingerprints, positions: Uint32Array): number[][] {
  const groups = new DisjointSets(fingerprints.length)
  let comparisons = 0
  for (let band = 0; band < bands; band++) {
    const keys = Float64Array.from(positions, position => fingerprints.bandOf(position, band))
    const order = Uint32Array.from(positions, (_, i) => i).sort((a, b) => keys[a]! - keys[b]!)
    for (let start = 0; start < order.length; start++) {
      for (let i = start + 1; i < order.length; i++) {
        if (keys[order[i]!] !== keys[order[start]!] || comparisons === maxComparisons) break
        comparisons++
        const [a, b] = [positions[order[start]!]!, positions[order[i]!]!]
        if (fingerprints.areNear(a, b)) groups.join(a, b)
      }
    }
  }
  return groups.list()
}

function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

class DisjointSets {
  /** Each member is its own set at first, and leads to another of its set or to itself. */
  private readonly parents: Uint32Array

  constructor(length: number) {
    this.parents = Uint32Array.from({ length }, (_, member) => member)
  }

  join(a: number, b: number): void {
    this.parents[this.root(b)] = this.root(a)
  }

  /** The sets of at least two, each sorted. */
  list(): number[][] {
    const sets = new Map<number, number[]>()
    for (let member = 0; member < this.parents.length; member++) {
      const root = this.root(member)
      if (root === member) continue
      const set = sets.get(root)
      if (set) set.push(member)
      else sets.set(root, [root, member])
    }
    return [...sets.values()].map(set => set.sort((a, b) => a - b))
  }

  private root(member: number): number {
    let root = member
    while (this.parents[root] !== root) {
      // shortens the way for the next time
      this.parents[root] = this.parents[this.parents[root]!]!
      root = this.parents[root]!
    }
    return root
  }
}
