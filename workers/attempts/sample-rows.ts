/**
 * 1 for `share` of `count` things, rounded, else 0: one pass (Knuth's algorithm S), in which each thing's
 * luck is a hash of the seed and its number.
 */
export function drawShare(count: number, share: number, seed: number): Uint8Array {
  const drawn = new Uint8Array(count)
  let left = Math.round(share * count)
  for (let i = 0; i < count && left > 0; i++) {
    if (luck(seed, i) * (count - i) >= left) continue
    drawn[i] = 1
    left--
  }
  return drawn
}

/** In [0, 1), by the finaliser of MurmurHash3. */
function luck(seed: number, i: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ i
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}
