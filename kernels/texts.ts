// Finds the texts of cells among those that the caller has put into a hash table, of which each has a number.

/** Slots that a search looks at, so that texts that collide on purpose cost little. */
const maxProbes = 16

// Head of a table, in int32: entries, most entries, bytes of texts, most bytes, slots - 1.
const headBytes = 32
// Entry: start and length of the text, its number, and four bytes that are not used.
const entryBytes = 16
/** For a text that is not in the table. */
const unknown: i32 = -2
/** For an empty cell. */
const empty: i32 = -1

/** `seed` is odd and secret. */
function hashOf(start: i32, length: i32, seed: u64): u32 {
  let hash = seed + <u64>length
  let at = start
  const end = start + length
  for (; end - at >= 8; at += 8) {
    hash = (hash ^ load<u64>(at)) * seed
    hash ^= hash >> 32
  }
  if (at < end) {
    hash = (hash ^ (load<u64>(at) & (<u64>-1 >> <u64>(64 - 8 * (end - at))))) * seed
    hash ^= hash >> 32
  }
  hash *= 0x9e3779b97f4a7c15
  return <u32>(hash >> 32)
}

function areEqual(one: i32, other: i32, length: i32): bool {
  let done = 0
  for (; length - done >= 8; done += 8) {
    if (load<u64>(one + done) !== load<u64>(other + done)) return false
  }
  if (done === length) return true
  return (
    (load<u64>(one + done) ^ load<u64>(other + done)) << (<u64>(64 - 8 * (length - done))) === 0
  )
}

/**
 * `slots`: a power of 2, more than `entries`. The table takes headBytes + slots * 4 + entries * entryBytes + textBytes
 * + 8 bytes, which are 0 at first.
 */
export function createTextTable(table: i32, entries: i32, textBytes: i32, slots: i32): void {
  store<i32>(table + 4, entries)
  store<i32>(table + 12, textBytes)
  store<i32>(table + 16, slots - 1)
}

/** Returns the slot of a text, or the free slot that it would take; negative if the search is too long. */
function findSlot(table: i32, start: i32, length: i32, seed: u64): i32 {
  const mask = load<i32>(table + 16)
  const slots = table + headBytes
  const entries = slots + (mask + 1) * 4
  let slot = <i32>hashOf(start, length, seed) & mask
  for (let probe = 0; probe < maxProbes; probe++) {
    const index = load<i32>(slots + slot * 4)
    if (index === 0) return slot
    const entry = entries + (index - 1) * entryBytes
    if (load<i32>(entry + 4) === length && areEqual(load<i32>(entry), start, length)) return slot
    slot = (slot + 1) & mask
  }
  return -1
}

/** Adds a text that is not there, with its number. Returns false if there is no room for it. */
export function addText(table: i32, start: i32, end: i32, code: i32, seed: u64): bool {
  const length = end - start
  const count = load<i32>(table)
  const used = load<i32>(table + 8)
  if (count === load<i32>(table + 4) || used + length > load<i32>(table + 12)) return false
  const slot = findSlot(table, start, length, seed)
  if (slot < 0) return false
  const mask = load<i32>(table + 16)
  const slots = table + headBytes
  const entries = slots + (mask + 1) * 4
  const text = entries + load<i32>(table + 4) * entryBytes + used
  memory.copy(text, start, length)
  const entry = entries + count * entryBytes
  store<i32>(entry, text)
  store<i32>(entry + 4, length)
  store<i32>(entry + 8, code)
  store<i32>(slots + slot * 4, count + 1)
  store<i32>(table, count + 1)
  store<i32>(table + 8, used + length)
  return true
}

/** Writes the number of each cell's text to `codes`, and returns how many are unknown. */
export function encodeTexts(fields: i32, rows: i32, table: i32, seed: u64, codes: i32): i32 {
  const slots = table + headBytes
  const entries = slots + (load<i32>(table + 16) + 1) * 4
  let unknowns = 0
  for (let row = 0; row < rows; row++) {
    const start = load<i32>(fields + row * 8)
    const length = (load<i32>(fields + row * 8 + 4) & 0x7fffffff) - start
    let code = unknown
    if (length === 0) code = empty
    else {
      const slot = findSlot(table, start, length, seed)
      const index = slot < 0 ? 0 : load<i32>(slots + slot * 4)
      if (index > 0) code = load<i32>(entries + (index - 1) * entryBytes + 8)
    }
    if (code === unknown) unknowns++
    store<i32>(codes + row * 4, code)
  }
  return unknowns
}
