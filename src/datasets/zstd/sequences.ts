import { BackwardBits, ZstdError } from './bit-reader.js'
import { buildFseTable, type FseTable, readFseTable, singleSymbol } from './fse.js'

/** Takes what the sequences of a block say, in order. */
export interface SequenceSink {
  copyLiterals(count: number): void
  /** Copies `length` bytes from `offset` bytes back. */
  copyMatch(offset: number, length: number): void
}

interface Code {
  maxLog: number
  maxSymbol: number
  initial: FseTable
}

const literalLengthBits = [
  ...Array<number>(16).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]
const matchLengthBits = [
  ...Array<number>(32).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]
const basesOf = (bits: readonly number[], first: number) => {
  let base = first
  return Uint32Array.from(bits, count => {
    const start = base
    base += 2 ** count
    return start
  })
}
const literalLengthBases = basesOf(literalLengthBits, 0)
const matchLengthBases = basesOf(matchLengthBits, 3)

/** RFC 8878, 3.1.1.3.2.2: the distributions that need no description. */
const literalLengths: Code = {
  maxLog: 9,
  maxSymbol: 35,
  initial: buildFseTable(
    [
      ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2],
      ...[1, 1, 1, 1, 1, -1, -1, -1, -1],
    ],
    6,
  ),
}
const offsets: Code = {
  maxLog: 8,
  maxSymbol: 31,
  initial: buildFseTable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, ...Array<number>(15).fill(1), -1, -1, -1, -1, -1],
    5,
  ),
}
const matchLengths: Code = {
  maxLog: 9,
  maxSymbol: 52,
  initial: buildFseTable(
    [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), ...Array<number>(7).fill(-1)],
    6,
  ),
}

/** A longer offset is above every window that is read. */
const maxOffsetBits = 25

/** Decodes the sequences of a block. Keeps the tables and offsets that the next block may reuse. */
export class SequenceDecoder {
  private readonly tables: (FseTable | null)[] = [null, null, null]
  /** The last three offsets, the latest first. */
  private first = 1
  private second = 4
  private third = 8

  decode(bytes: Uint8Array, start: number, end: number, sink: SequenceSink): void {
    let at = start
    const next = () => {
      if (at >= end) throw new ZstdError('sequences end early')
      return bytes[at++]!
    }
    const first = next()
    let count = first
    if (first === 255) count = next() + (next() << 8) + 0x7f00
    else if (first > 127) count = ((first - 128) << 8) + next()
    if (count === 0) {
      if (at !== end) throw new ZstdError('a block is damaged')
      return
    }
    const modes = next()
    if ((modes & 3) !== 0) throw new ZstdError('a block is damaged')
    for (const [place, code] of [literalLengths, offsets, matchLengths].entries()) {
      const mode = (modes >> (6 - 2 * place)) & 3
      if (mode === 0) this.tables[place] = code.initial
      else if (mode === 1) {
        const symbol = next()
        if (symbol > code.maxSymbol) throw new ZstdError('a table is damaged')
        this.tables[place] = singleSymbol(symbol)
      } else if (mode === 2) {
        const read = readFseTable(bytes, at, end, code.maxLog, code.maxSymbol)
        this.tables[place] = read.table
        at = read.end
      }
      if (!this.tables[place]) throw new ZstdError('a table is missing')
    }
    this.run(new BackwardBits(bytes, at, end), count, sink)
  }

  private run(input: BackwardBits, count: number, sink: SequenceSink): void {
    const [ll, of, ml] = this.tables as [FseTable, FseTable, FseTable]
    let llState = input.read(ll.log)
    let ofState = input.read(of.log)
    let mlState = input.read(ml.log)
    for (let sequence = 1; ; sequence++) {
      const llCode = ll.symbols[llState]!
      const ofCode = of.symbols[ofState]!
      const mlCode = ml.symbols[mlState]!
      if (ofCode > maxOffsetBits) throw new ZstdError('a match is too far back')
      const offsetValue = (1 << ofCode) + input.read(ofCode)
      const matchLength = matchLengthBases[mlCode]! + input.read(matchLengthBits[mlCode]!)
      const literals = literalLengthBases[llCode]! + input.read(literalLengthBits[llCode]!)
      sink.copyLiterals(literals)
      sink.copyMatch(this.resolveOffset(offsetValue, literals), matchLength)
      if (sequence === count) break
      llState = ll.bases[llState]! + input.read(ll.bits[llState]!)
      mlState = ml.bases[mlState]! + input.read(ml.bits[mlState]!)
      ofState = of.bases[ofState]! + input.read(of.bits[ofState]!)
    }
    if (input.left !== 0) throw new ZstdError('sequences are damaged')
  }

  /** Values up to 3 stand for recent offsets (RFC 8878, 3.1.1.5). */
  private resolveOffset(value: number, literals: number): number {
    const { first, second, third } = this
    const which = value > 3 ? 3 : value - 1 + (literals === 0 ? 1 : 0)
    if (which === 0) return first
    this.first = value > 3 ? value - 3 : which === 1 ? second : which === 2 ? third : first - 1
    this.second = first
    if (which > 1) this.third = second
    return this.first
  }
}
