/**
 * The order in which images are stored: by split, and within a split by a key that is random but depends
 * only on the image. So each shard, and the tail that a job holds out, is a random sample even if the upload was
 * sorted by class, and the same images get the same order however they were packed.
 */
export function orderImages(keys: Float64Array, splitRanks: Uint8Array): Uint32Array {
  const order = Uint32Array.from(keys, (_, index) => index)
  const spread = spreadEquals(keys, order)
  return order.sort((a, b) => splitRanks[a]! - splitRanks[b]! || spread[a]! - spread[b]! || a - b)
}

/** Gives images of equal bytes keys of their own, since a run of them would be no random sample. */
function spreadEquals(keys: Float64Array, scratch: Uint32Array): Float64Array {
  const sorted = scratch.slice().sort((a, b) => keys[a]! - keys[b]! || a - b)
  const spread = keys.slice()
  let repeats = 0
  for (let i = 1; i < sorted.length; i++) {
    repeats = keys[sorted[i]!] === keys[sorted[i - 1]!] ? repeats + 1 : 0
    if (repeats > 0) spread[sorted[i]!] = mix(keys[sorted[i]!]!, repeats)
  }
  return spread
}

/** 48 random bits of a key and a number: MurmurHash3's finalizer on each half. */
function mix(key: number, repeat: number): number {
  const high = finalize(Math.floor(key / 2 ** 24) ^ Math.imul(repeat, 0x9e3779b9))
  const low = finalize((key % 2 ** 24) ^ Math.imul(repeat, 0x7feb352d) ^ high)
  return (high >>> 8) * 2 ** 24 + (low >>> 8)
}

function finalize(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
