// Parses the bytes of a field. Without regular expressions, since this runs twice for every cell.

import type { CsvRow } from './csv.js'
import { parseLongDecimal } from './long-decimal.js'

const digit0 = 48
const digit9 = 57

/** Powers of 10 up to this exponent are exact in float64. */
const exactPowers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** The largest number that training accepts, since it computes in float32. */
export const maxFloat32 = 3.4028234663852886e38
const minNormalFloat32 = 1.1754943508222875e-38

/** Parses decimal numbers. `parse` leaves its result in fields to avoid an allocation per cell. */
export class NumberParser {
  value = 0
  /** True if the number is written without point and exponent, and is exact. */
  isInteger = false
  /** True if float32 holds all digits of the text; it always holds 6 significant digits. */
  fitsFloat32 = false

  /** Returns false if the bytes are no number, or one outside float32's range. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    let offset = start
    const negative = bytes[offset] === 45
    if (negative || bytes[offset] === 43) offset++
    // Zeros count only if another digit follows: 8.692932128906250000e-01 has 15 digits.
    let significand = 0
    let trailingZeros = 0
    let exponent = 0
    let digits = 0
    let hasPoint = false
    for (; offset < end; offset++) {
      const byte = bytes[offset]!
      if (byte >= digit0 && byte <= digit9) {
        digits++
        if (hasPoint) exponent--
        if (byte === digit0) {
          trailingZeros++
        } else {
          const scale =
            trailingZeros === 0 ? 10 : trailingZeros < 22 ? exactPowers[trailingZeros + 1]! : 1e23
          significand = significand * scale + (byte - digit0)
          trailingZeros = 0
        }
      } else if (byte === 46 && !hasPoint) hasPoint = true
      else break
    }
    if (digits === 0) return false
    exponent += trailingZeros
    const significandEnd = offset
    if (offset < end) {
      if ((bytes[offset]! | 32) !== 101) return false
      offset++
      const negativeExponent = bytes[offset] === 45
      if (negativeExponent || bytes[offset] === 43) offset++
      if (offset === end) return false
      let exponentDigits = 0
      for (; offset < end; offset++) {
        const byte = bytes[offset]!
        if (byte < digit0 || byte > digit9) return false
        exponentDigits = Math.min(exponentDigits * 10 + byte - digit0, 100_000)
      }
      exponent += negativeExponent ? -exponentDigits : exponentDigits
    }
    const exact = significand <= Number.MAX_SAFE_INTEGER
    let value: number
    // Exact by Clinger (1990): one correctly rounded operation on two exact numbers.
    if (exact && exponent >= 0 && exponent <= 22) value = significand * exactPowers[exponent]!
    else if (exact && exponent < 0 && exponent >= -22) value = significand / exactPowers[-exponent]!
    else value = parseLongDecimal(bytes, start, significandEnd, exponent - trailingZeros)
    if (value < 0) value = Math.abs(Number(latin1(bytes, start, end)))
    if (!(value <= maxFloat32)) return false
    this.value = negative ? -value : value
    this.isInteger = !hasPoint && significandEnd === end && value <= Number.MAX_SAFE_INTEGER
    this.fitsFloat32 =
      (significand < 1e6 && (value === 0 ? significand === 0 : value >= minNormalFloat32)) ||
      Math.fround(value) === value
    return true
  }
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1')

/** The words that pandas reads as missing, in upper or lower case, and `?` and `-`. */
const missingMarkers = groupByLength([
  'na',
  'n/a',
  '<na>',
  '#na',
  '#n/a',
  '#n/a n/a',
  'nan',
  '-nan',
  'null',
  'none',
  '?',
  '-',
  '1.#ind',
  '-1.#ind',
  '1.#qnan',
  '-1.#qnan',
])
const trueWords = groupByLength(['true', 't', 'yes', 'y', '1'])
const falseWords = groupByLength(['false', 'f', 'no', 'n', '0'])

/** True if a cell is empty or an unquoted word for missing. A quoted word may be a category. */
export function isMissing({ bytes, starts, ends, quoted }: CsvRow, column: number): boolean {
  const start = starts[column]!
  const end = ends[column]!
  return start === end || (quoted[column] === 0 && isMissingMarker(bytes, start, end))
}

/** The field must not be empty. */
export const isMissingMarker = (bytes: Uint8Array, start: number, end: number): boolean =>
  matchesWord(missingMarkers, bytes, start, end)

/** Returns 1 or 0, or -1 if the bytes are no boolean. */
export function parseBoolean(bytes: Uint8Array, start: number, end: number): number {
  if (matchesWord(trueWords, bytes, start, end)) return 1
  return matchesWord(falseWords, bytes, start, end) ? 0 : -1
}

/** A column with only these two words is boolean without a schema. */
export const isBooleanWord = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start >= 4 && parseBoolean(bytes, start, end) >= 0

function groupByLength(words: readonly string[]): readonly (readonly Buffer[])[] {
  const maxLength = Math.max(...words.map(({ length }) => length))
  return Array.from({ length: maxLength + 1 }, (_, length) =>
    words.filter(word => word.length === length).map(word => Buffer.from(word)),
  )
}

/** True if the bytes are one of the words, in lower or upper case. */
function matchesWord(
  wordsByLength: readonly (readonly Buffer[])[],
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const candidates = wordsByLength[end - start]
  if (candidates === undefined) return false
  for (const word of candidates) {
    let at = 0
    while (at < word.length && toLowerAscii(bytes[start + at]!) === word[at]) at++
    if (at === word.length) return true
  }
  return false
}

const toLowerAscii = (byte: number) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)
