// Finite State Entropy tables (RFC 8878, 4.1.1).

import { ZstdError } from './bit-reader.js'

/** For each state: the symbol, and how the next state follows from the next bits. */
export interface FseTable {
  log: number
  symbols: Uint8Array
  bits: Uint8Array
  bases: Uint16Array
}

/** A table of one symbol, which takes no bits. */
export const singleSymbol = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  bases: new Uint16Array(1),
})

/** -1 stands for less than one. */
export function buildFseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const next = new Uint16Array(counts.length)
  let high = size - 1
  for (const [symbol, count] of counts.entries()) {
    next[symbol] = Math.abs(count)
    if (count === -1) symbols[high--] = symbol
  }
  const step = (size >> 1) + (size >> 3) + 3
  let position = 0
  for (const [symbol, count] of counts.entries()) {
    for (let placed = 0; placed < count; placed++) {
      symbols[position] = symbol
      do position = (position + step) & (size - 1)
      while (position > high)
    }
  }
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const value = next[symbols[state]!]!++
    bits[state] = log - (31 - Math.clz32(value))
    bases[state] = (value << bits[state]!) - size
  }
  return { log, symbols, bits, bases }
}

/** Reads the description of a table. Returns it with the byte after the description. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  let bit = 0
  const read = (count: number) => {
    const at = start + (bit >>> 3)
    if (bit + count > 8 * (end - start)) throw new ZstdError('a table ends early')
    const word = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) >>> (bit & 7)
    return word & ((1 << count) - 1)
  }
  const log = read(4) + 5
  if (log > maxLog) throw new ZstdError('a table is larger than allowed')
  bit = 4
  const counts: number[] = []
  let remaining = 1 << log
  while (remaining > 0 && counts.length <= maxSymbol) {
    // a count from -1 to what remains, in as few bits as that allows
    const width = 32 - Math.clz32(remaining + 1)
    const short = (1 << width) - 1 - (remaining + 1)
    const low = read(width - 1)
    let value: number
    if (low < short) {
      value = low
      bit += width - 1
    } else {
      value = read(width)
      if (value >= 1 << (width - 1)) value -= short
      bit += width
    }
    const count = value - 1
    remaining -= Math.abs(count)
    counts.push(count)
    if (count === 0) skipZeros()
  }
  if (remaining !== 0 || counts.length > maxSymbol + 1) throw new ZstdError('a table is damaged')
  return { table: buildFseTable(counts, log), end: start + Math.ceil(bit / 8) }

  function skipZeros(): void {
    let repeats = 3
    while (repeats === 3) {
      repeats = read(2)
      bit += 2
      for (let zero = 0; zero < repeats; zero++) counts.push(0)
      if (counts.length > maxSymbol + 1) throw new ZstdError('a table is damaged')
    }
  }
}
