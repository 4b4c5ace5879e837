// Huffman codes of literals (RFC 8878, 4.2).

import { BackwardBits, ZstdError } from './bit-reader.js'
import { readFseTable } from './fse.js'

const maxBits = 11

/** The symbol, and the length of its code, by the next `bits` bits. */
export interface HuffmanTable {
  bits: number
  symbols: Uint8Array
  lengths: Uint8Array
}

/** Returns the table with the byte after its description. */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { table: HuffmanTable; end: number } {
  if (start >= end) throw new ZstdError('a Huffman table is missing')
  const header = bytes[start]!
  const first = start + 1
  const length = header < 128 ? header : (header - 126) >> 1
  if (first + length > end) throw new ZstdError('a Huffman table ends early')
  const weights =
    header < 128
      ? readCompressedWeights(bytes, first, first + length)
      : Array.from({ length: header - 127 }, (_, at) => {
          const byte = bytes[first + (at >> 1)]!
          return at % 2 === 0 ? byte >> 4 : byte & 15
        })
  return { table: buildHuffmanTable(weights), end: first + length }
}

/** Two states take turns. */
function readCompressedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: dataStart } = readFseTable(bytes, start, end, 6, 255)
  const input = new BackwardBits(bytes, dataStart, end)
  const states = [input.read(table.log), input.read(table.log)]
  const weights: number[] = []
  for (let turn = 0; weights.length < 255; turn = 1 - turn) {
    const state = states[turn]!
    weights.push(table.symbols[state]!)
    const bits = table.bits[state]!
    if (bits > input.left) {
      weights.push(table.symbols[states[1 - turn]!]!)
      return weights
    }
    states[turn] = table.bases[state]! + input.read(bits)
  }
  throw new ZstdError('a Huffman table has too many weights')
}

/** The weight of the last symbol follows from the others. */
function buildHuffmanTable(weights: number[]): HuffmanTable {
  if (weights.length > 255) throw new ZstdError('a Huffman table has too many weights')
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << (weight - 1) : 0), 0)
  if (sum === 0 || weights.some(weight => weight > maxBits)) {
    throw new ZstdError('a Huffman table is damaged')
  }
  const bits = 32 - Math.clz32(sum)
  const rest = (1 << bits) - sum
  if (bits > maxBits || (rest & (rest - 1)) !== 0) throw new ZstdError('a Huffman table is damaged')
  const all = [...weights, 32 - Math.clz32(rest)]
  const symbols = new Uint8Array(1 << bits)
  const lengths = new Uint8Array(1 << bits)
  let at = 0
  for (let weight = 1; weight <= bits; weight++) {
    for (const [symbol, each] of all.entries()) {
      if (each !== weight) continue
      const width = 1 << (weight - 1)
      symbols.fill(symbol, at, at + width)
      lengths.fill(bits + 1 - weight, at, at + width)
      at += width
    }
  }
  return { bits, symbols, lengths }
}

/** Decodes one stream into all of `output`. */
export function decodeHuffman(
  { bits, symbols, lengths }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
): void {
  const input = new BackwardBits(bytes, start, end)
  for (let at = 0; at < output.length; at++) {
    const code = input.peek(bits)
    output[at] = symbols[code]!
    input.skip(lengths[code]!)
  }
  if (input.left !== 0) throw new ZstdError('literals are damaged')
}
