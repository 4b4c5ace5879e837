import { randomInt } from 'node:crypto'
import type { EntryTable } from './entry-table.js'

/** Differs in each process, so that nobody can make names that collide. */
const seed = randomInt(2 ** 32)

/** FNV-1a with a secret start, mixed at the end. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = seed
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** A power of two that is at least twice the number of keys. */
export const hashCapacity = (keys: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(8, keys * 2)))

/** Entries by their paths: an open-addressing hash table, which takes no heap. */
export class PathSet {
  /** Entry + 1; 0 if the slot is free. */
  private readonly slots: Uint32Array

  constructor(private readonly entries: EntryTable) {
    this.slots = new Uint32Array(hashCapacity(entries.count))
  }

  /** Returns false if an entry with the same path was added before. */
  add(entry: number): boolean {
    const path = this.entries.pathBytes(entry)
    const mask = this.slots.length - 1
    let slot = hashBytes(path) & mask
    while (this.slots[slot] !== 0) {
      if (this.entries.pathBytes(this.slots[slot]! - 1).equals(path)) return false
      slot = (slot + 1) & mask
    }
    this.slots[slot] = entry + 1
    return true
  }
}
