/** A number in [0, 1), by the finalizer of MurmurHash3: the same on every machine. */
function hash01(seed: number, item: number): number {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ item
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
}

/** Items of strata, which are numbered from 0. */
export interface Strata {
  /** The stratum of each item. */
  of: ArrayLike<number>
  count: number
}

export const oneStratum = (items: number): Strata => ({ of: new Uint8Array(items), count: 1 })

/**
 * Puts each item into a part at random: `sizes[part][stratum]` of each stratum, exactly. The others get the number
 * after the last part. Selection sampling (Knuth, TAOCP vol. 2, algorithm S) for several parts at once.
 */
export function assignParts(
  { of: strata, count }: Strata,
  sizes: readonly (readonly number[])[],
  seed: number,
): Uint8Array {
  const left = countStrata({ of: strata, count })
  const remaining = sizes.map(size => [...size])
  const parts = new Uint8Array(strata.length).fill(sizes.length)
  for (let item = 0; item < strata.length; item++) {
    const stratum = strata[item]!
    let at = hash01(seed, item) * left[stratum]!
    left[stratum]!--
    for (const [part, size] of remaining.entries()) {
      if (at < size[stratum]!) {
        parts[item] = part
        size[stratum]!--
        break
      }
      at -= size[stratum]!
    }
  }
  return parts
}

export function countStrata({ of: strata, count }: Strata): number[] {
  const counts = new Array<number>(count).fill(0)
  for (let item = 0; item < strata.length; item++) counts[strata[item]!]!++
  return counts
}

/**
 * How many items of each stratum each part gets, `[part][stratum]`: the share of the whole, rounded so that they add
 * up to it. While there are enough, each part has one of each stratum, and one is left over.
 */
export function apportionParts(counts: readonly number[], shares: readonly number[]): number[][] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const left = [...counts]
  return shares.map(share => {
    const wanted = Math.min(Math.round(share * total), Math.max(0, total - 1))
    const sizes = apportion(
      counts.map(count => share * count),
      left.map(count => Math.max(0, count - 1)),
      wanted,
    )
    for (const [stratum, size] of sizes.entries()) left[stratum]! -= size
    return sizes
  })
}

/** Rounds the quotas to at most `most` and, if that is enough for all, at least 1, so that they add up to `total`. */
function apportion(quotas: readonly number[], most: readonly number[], total: number): number[] {
  const divisible = most.filter(limit => limit > 0).length
  const least = total >= divisible ? 1 : 0
  const sizes = quotas.map((quota, i) => Math.min(most[i]!, Math.max(least, Math.floor(quota))))
  let difference = total - sizes.reduce((sum, size) => sum + size, 0)
  while (difference !== 0) {
    const step = Math.sign(difference)
    const candidates = sizes.flatMap((size, i) => {
      const after = size + step
      return after >= Math.min(least, most[i]!) && after <= most[i]! ? [i] : []
    })
    if (candidates.length === 0) break
    const gain = (i: number) => step * (quotas[i]! - sizes[i]!)
    const next = candidates.reduce((best, i) => (gain(i) > gain(best) ? i : best))
    sizes[next]! += step
    difference -= step
  }
  return sizes
}
