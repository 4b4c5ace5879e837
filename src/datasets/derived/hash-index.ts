/**
 * Maps 64-bit hashes to numbers: a hash table outside of V8's heap, which would be full with ten million entries. The
 * hashes are parts of SHA-256, so they are spread evenly.
 */
export class HashIndex {
  private keys: BigUint64Array
  private values: Int32Array
  private size = 0

  constructor(expected = 1024) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * expected)))
    this.keys = new BigUint64Array(slots)
    this.values = new Int32Array(slots).fill(-1)
  }

  /** The number of a hash, or -1. */
  get(hash: bigint): number {
    return this.values[this.slotOf(hash)]!
  }

  /** `value`: from 0. */
  set(hash: bigint, value: number): void {
    const slot = this.slotOf(hash)
    if (this.values[slot] === -1) this.size++
    this.keys[slot] = hash
    this.values[slot] = value
    if (2 * this.size > this.keys.length) this.grow()
  }

  private slotOf(hash: bigint): number {
    const mask = this.keys.length - 1
    let slot = Number(hash & BigInt(mask))
    while (this.values[slot] !== -1 && this.keys[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }

  private grow(): void {
    const { keys, values } = this
    this.keys = new BigUint64Array(2 * keys.length)
    this.values = new Int32Array(2 * keys.length).fill(-1)
    for (const [slot, value] of values.entries()) {
      if (value === -1) continue
      const to = this.slotOf(keys[slot]!)
      this.keys[to] = keys[slot]!
      this.values[to] = value
    }
  }
}
