import { randomInt } from 'node:crypto'

/** Distinct texts with their counts, in order of first use: a hash table over bytes. */
export class ByteDictionary {
  size = 0
  /** True if a text was not added because the table was full or the text too long. */
  overflowed = false
  private slots = new Int32Array(32)
  private hashes = new Int32Array(16)
  private ends = new Int32Array(16)
  private counts = new Float64Array(16)
  private texts = Buffer.alloc(256)

  constructor(
    private readonly maxEntries: number,
    private readonly maxTextBytes: number,
  ) {}

  /** Bytes of all texts together. */
  get bytes(): number {
    return this.size === 0 ? 0 : this.ends[this.size - 1]!
  }

  /** Counts a text, `count` times. Returns its index. If there is no room for it, clears the whole table and returns -1. */
  add(bytes: Uint8Array, start: number, end: number, count = 1): number {
    const hash = hashOf(bytes, start, end)
    const slot = this.findSlot(hash, bytes, start, end)
    const entry = this.slots[slot]!
    if (entry > 0) {
      this.counts[entry - 1]! += count
      return entry - 1
    }
    if (this.size === this.maxEntries || end - start > this.maxTextBytes) {
      this.overflow()
      return -1
    }
    this.insert(hash, bytes, start, end, count)
    return this.size - 1
  }

  /** Returns the index of a text, or -1 if it is unknown. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.slots[this.findSlot(hashOf(bytes, start, end), bytes, start, end)]! - 1
  }

  text(index: number): Buffer {
    return this.texts.subarray(this.startOf(index), this.ends[index])
  }

  count(index: number): number {
    return this.counts[index]!
  }

  /** Counts texts that were added, by their indices; a negative one is none. */
  addIndices(indices: Int32Array): void {
    const { counts } = this
    for (let at = 0; at < indices.length; at++) {
      const index = indices[at]!
      if (index >= 0) counts[index]!++
    }
  }

  /** Indices sorted by the texts' bytes, which is the order of Unicode code points. */
  sorted(): number[] {
    return Array.from({ length: this.size }, (_, index) => index).sort((a, b) =>
      Buffer.compare(this.text(a), this.text(b)),
    )
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]!
  }

  /** Returns the slot of a text, or the free slot that it would take. */
  private findSlot(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (;;) {
      const index = this.slots[slot]! - 1
      if (index < 0 || (this.hashes[index] === hash && this.equals(index, bytes, start, end))) {
        return slot
      }
      slot = (slot + 1) & mask
    }
  }

  private equals(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.startOf(index)
    if (this.ends[index]! - at !== end - start) return false
    for (let other = start; other < end; other++, at++) {
      if (this.texts[at] !== bytes[other]) return false
    }
    return true
  }

  private insert(hash: number, bytes: Uint8Array, start: number, end: number, count: number): void {
    const index = this.size
    const from = this.bytes
    const to = from + end - start
    if (index === this.ends.length) this.growEntries()
    if (to > this.texts.length) {
      const grown = Buffer.alloc(Math.max(2 * this.texts.length, to))
      grown.set(this.texts)
      this.texts = grown
    }
    for (let at = from, other = start; at < to; at++, other++) this.texts[at] = bytes[other]!
    this.hashes[index] = hash
    this.ends[index] = to
    this.counts[index] = count
    this.size++
    this.insertSlot(index)
  }

  private growEntries(): void {
    const length = 2 * this.ends.length
    const hashes = new Int32Array(length)
    const ends = new Int32Array(length)
    const counts = new Float64Array(length)
    hashes.set(this.hashes)
    ends.set(this.ends)
    counts.set(this.counts)
    Object.assign(this, { hashes, ends, counts })
    this.slots = new Int32Array(2 * length)
    for (let index = 0; index < this.size; index++) this.insertSlot(index)
  }

  /** Stores an index in the first free slot. */
  private insertSlot(index: number): void {
    const mask = this.slots.length - 1
    let slot = this.hashes[index]! & mask
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask
    this.slots[slot] = index + 1
  }

  private overflow(): void {
    this.overflowed = true
    this.size = 0
    this.slots = new Int32Array(1)
    this.hashes = new Int32Array(0)
    this.ends = new Int32Array(0)
    this.counts = new Float64Array(0)
    this.texts = Buffer.alloc(0)
  }
}

/** A random seed, so that an uploaded file cannot contain texts that collide on purpose. */
const seed = randomInt(2 ** 32) | 0

/** FNV-1a, with its weak low bits mixed. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash ^ (hash >>> 15)
}
