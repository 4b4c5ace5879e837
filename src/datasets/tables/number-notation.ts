import type { CellFormat } from '../../spec/dataset.js'
import { NumberParser } from './cell.js'
import type { ThousandsSign } from './cell-format.js'

const point = 46
const digit0 = 48
const digit9 = 57

/** Longer texts are no numbers that anyone writes with a sign between groups of digits. */
const maxBytes = 512

/** The bytes of each sign. Typographers' blanks and apostrophes count as well. */
const signBytes: Record<ThousandsSign, readonly Buffer[]> = {
  ',': [Buffer.from(',')],
  '.': [Buffer.from('.')],
  _: [Buffer.from('_')],
  "'": [Buffer.from("'"), Buffer.from('\u2019')],
  ' ': [Buffer.from(' '), Buffer.from('\u00a0'), Buffer.from('\u202f'), Buffer.from('\u2009')],
}

/** A parser of the numbers that a form describes. */
export const createNumberParser = (format: CellFormat): NumberParser =>
  format.decimal === '.' && format.thousands === null
    ? new NumberParser()
    : new NotationParser(format)

class NotationParser extends NumberParser {
  private readonly notation: NumberNotation

  constructor(format: CellFormat) {
    super()
    this.notation = new NumberNotation(format)
  }

  override parse(bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.notation.toPlain(bytes, start, end)
    return length > 0 && super.parse(this.notation.plain, 0, length)
  }
}

/** Rewrites numbers with another decimal sign, or with signs between groups of digits, as plain ones. */
class NumberNotation {
  /** The last number that `toPlain` wrote. */
  readonly plain = new Uint8Array(maxBytes)
  private readonly decimal: number
  private readonly thousands: readonly Buffer[]

  constructor({ decimal, thousands }: Pick<CellFormat, 'decimal' | 'thousands'>) {
    this.decimal = decimal.charCodeAt(0)
    this.thousands = thousands === null ? [] : signBytes[thousands]
  }

  /**
   * Returns the number of bytes in `plain`, or -1 if the signs are not where they belong: groups have three
   * digits, or two as in India, and the last one three.
   */
  toPlain(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > maxBytes) return -1
    let length = 0
    let groups = 0
    let groupDigits = 0
    let at = start
    if (bytes[at] === 45 || bytes[at] === 43) this.plain[length++] = bytes[at++]!
    while (at < end) {
      const byte = bytes[at]!
      if (byte >= digit0 && byte <= digit9) {
        groupDigits++
        this.plain[length++] = byte
        at++
        continue
      }
      const signLength = this.signLength(bytes, at, end)
      if (signLength === 0) break
      if (groupDigits > 3 || groupDigits < (groups === 0 ? 1 : 2)) return -1
      groups++
      groupDigits = 0
      at += signLength
    }
    if (groups > 0 && groupDigits !== 3) return -1
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte === this.decimal) this.plain[length++] = point
      else if (byte === point) return -1
      else this.plain[length++] = byte
    }
    return length
  }

  /** Length of the thousands sign at `at`, or 0 if there is none. */
  private signLength(bytes: Uint8Array, at: number, end: number): number {
    for (const sign of this.thousands) {
      if (at + sign.length > end) continue
      let same = 0
      while (same < sign.length && bytes[at + same] === sign[same]) same++
      if (same === sign.length) return sign.length
    }
    return 0
  }
}
