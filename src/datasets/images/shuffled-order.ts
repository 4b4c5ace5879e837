/**
 * The order of the records of data sets without an index of images, which were made before: the record at
 * position i is number `order[i]` of the upload. Fisher–Yates with a hash instead of a random generator.
 */
export function shuffledOrder(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index)
  for (let last = length - 1; last > 0; last--) {
    const other = hash(last) % (last + 1)
    const swapped = order[last]!
    order[last] = order[other]!
    order[other] = swapped
  }
  return order
}

/** MurmurHash3's finalizer, applied to a golden-ratio sequence. */
function hash(index: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b9)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
