import type { CellFormat } from '../../spec/dataset.js'
import { NumberParser } from './cell.js'
import { createNumberParser } from './number-notation.js'

const minus = 45

/** The words that a form declares to mean a missing value, quoted or not. */
export class MissingWords {
  readonly isEmpty: boolean
  private readonly words: readonly Buffer[]
  private readonly numbers = new Set<number>()
  private readonly parser: NumberParser

  constructor(format: CellFormat) {
    this.parser = createNumberParser(format)
    this.words = format.missing.map(word => Buffer.from(word))
    this.isEmpty = this.words.length === 0
    const plainParser = new NumberParser()
    for (const word of this.words) {
      for (const parser of [plainParser, this.parser]) {
        if (parser.parse(word, 0, word.length)) this.numbers.add(parser.value)
      }
      // no cell of a CSV is read as such a number, but a typed file may have them
      if (/^[+-]?inf(inity)?$/i.test(word.toString()))
        this.numbers.add(word[0] === minus ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
    }
  }

  /** True if the cell is one of the words or, unless it is a text, has the same value: -999.0 is -999. */
  matches(bytes: Uint8Array, start: number, end: number, isText: boolean): boolean {
    if (this.words.some(word => isSame(word, bytes, start, end))) return true
    if (isText || this.numbers.size === 0) return false
    return this.parser.parse(bytes, start, end) && this.numbers.has(this.parser.value)
  }

  /** The same for a value in JSON. */
  matchesValue(value: unknown): boolean {
    if (typeof value === 'number') return this.numbers.has(value)
    if (typeof value !== 'string' || this.isEmpty) return false
    const bytes = Buffer.from(value)
    return this.matches(bytes, 0, bytes.length, true)
  }
}

function isSame(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  let at = 0
  while (at < word.length && word[at] === bytes[start + at]) at++
  return at === word.length
}
