/**
 * Selects exactly `fraction` of `count` items, rounded, at random: 1 for a selected item, else 0. One
 * pass of selection sampling (Knuth, TAOCP vol. 2, algorithm S); the random numbers hash the seed and
 * the item's index.
 */
export function sampleFraction(count: number, fraction: number, seed: number): Uint8Array {
  const selected = new Uint8Array(count)
  let remaining = Math.round(fraction * count)
  for (let i = 0; i < count && remaining > 0; i++) {
    if (hash01(seed, i) * (count - i) >= remaining) continue
    selected[i] = 1
    remaining--
  }
  return selected
}

/** A number in [0, 1), by the finalizer of MurmurHash3. */
function hash01(seed: number, i: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ i
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}

/**
 * Selects `wanted[s]` of the `counts[s]` items of each stratum at random. `strata` has the stratum of
 * each item. Every item of a stratum is equally likely, as in `sampleFraction`.
 */
export function sampleStrata(
  strata: Uint32Array,
  counts: readonly number[],
  wanted: readonly number[],
  seed: number,
): Uint8Array {
  const remaining = [...wanted]
  const left = [...counts]
  return Uint8Array.from(strata, (stratum, i) => {
    const isSelected = hash01(seed, i) * left[stratum]! < remaining[stratum]!
    left[stratum]!--
    if (isSelected) remaining[stratum]!--
    return Number(isSelected)
  })
}
