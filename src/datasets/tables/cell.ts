// What the bytes of a field say. No regular expressions: this runs for every cell, twice.

import type { CsvRow } from './csv.js'

const zero = 48
const nine = 57

/** 10 to these powers is exact in float64. */
const exactPowers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** The largest number that training can take: it computes in float32. */
export const largest = 3.4028234663852886e38
const smallest = 1.1754943508222875e-38

/** Reads decimal numbers; what `read` found is in the fields, since it runs for every cell. */
export class NumberReader {
  value = 0
  /** Written without point and exponent, and exact. */
  integer = false
  /** Whether float32 holds all that the text says: 6 significant digits always survive. */
  fitsFloat32 = false

  /** False where the bytes are no number that float32 can reach. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start
    const negative = bytes[at] === 45
    if (negative || bytes[at] === 43) at++
    // trailing zeros only count once a digit follows them: 8.692932128906250000e-01 has 15 digits
    let significand = 0
    let zeros = 0
    let exponent = 0
    let digits = 0
    let point = false
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte >= zero && byte <= nine) {
        digits++
        if (point) exponent--
        if (byte === zero) {
          zeros++
        } else {
          const shift = zeros === 0 ? 10 : zeros < 22 ? exactPowers[zeros + 1]! : 1e23
          significand = significand * shift + (byte - zero)
          zeros = 0
        }
      } else if (byte === 46 && !point) point = true
      else break
    }
    if (digits === 0) return false
    exponent += zeros
    const written = at
    if (at < end) {
      if ((bytes[at]! | 32) !== 101) return false
      at++
      const down = bytes[at] === 45
      if (down || bytes[at] === 43) at++
      if (at === end) return false
      let power = 0
      for (; at < end; at++) {
        const byte = bytes[at]!
        if (byte < zero || byte > nine) return false
        power = Math.min(power * 10 + byte - zero, 100_000)
      }
      exponent += down ? -power : power
    }
    const exact = significand <= Number.MAX_SAFE_INTEGER
    let value: number
    // Clinger 1990: one correctly rounded operation on two exact numbers
    if (exact && exponent >= 0 && exponent <= 22) value = significand * exactPowers[exponent]!
    else if (exact && exponent < 0 && exponent >= -22) value = significand / exactPowers[-exponent]!
    else value = Math.abs(Number(Buffer.from(bytes.subarray(start, end)).toString('latin1')))
    if (!(value <= largest)) return false
    this.value = negative ? -value : value
    this.integer = !point && written === end && value <= Number.MAX_SAFE_INTEGER
    this.fitsFloat32 =
      (significand < 1e6 && (value === 0 ? significand === 0 : value >= smallest)) ||
      Math.fround(value) === value
    return true
  }
}

/** What pandas takes for missing, in any case, and besides it `?` and `-`. */
const missing = byLength([
  ...['na', 'n/a', '<na>', '#na', '#n/a', '#n/a n/a', 'nan', '-nan', 'null', 'none', '?', '-'],
  ...['1.#ind', '-1.#ind', '1.#qnan', '-1.#qnan'],
])
const truths = byLength(['true', 't', 'yes', 'y', '1'])
const untruths = byLength(['false', 'f', 'no', 'n', '0'])

/** A cell without a value: empty, or an unquoted word for it. Quoted, the word may be a category. */
export function isMissing({ bytes, starts, ends, quoted }: CsvRow, column: number): boolean {
  const start = starts[column]!
  const end = ends[column]!
  return start === end || (quoted[column] === 0 && isMissingWord(bytes, start, end))
}

/** Of a field that is not empty. */
export const isMissingWord = (bytes: Uint8Array, start: number, end: number): boolean =>
  isWord(missing, bytes, start, end)

/** 1, 0, or -1 where the bytes are no truth value. */
export function truthAt(bytes: Uint8Array, start: number, end: number): number {
  if (isWord(truths, bytes, start, end)) return 1
  return isWord(untruths, bytes, start, end) ? 0 : -1
}

/** The two words that make a column boolean without being told. */
export const isTrueOrFalse = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start >= 4 && truthAt(bytes, start, end) >= 0

function byLength(words: readonly string[]): readonly (readonly Buffer[])[] {
  const longest = Math.max(...words.map(({ length }) => length))
  return Array.from({ length: longest + 1 }, (_, length) =>
    words.filter(word => word.length === length).map(word => Buffer.from(word)),
  )
}

/** Whether the bytes are one of the words, in lower case or upper. */
function isWord(
  words: readonly (readonly Buffer[])[],
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const candidates = words[end - start]
  if (candidates === undefined) return false
  for (const word of candidates) {
    let at = 0
    while (at < word.length && lower(bytes[start + at]!) === word[at]) at++
    if (at === word.length) return true
  }
  return false
}

const lower = (byte: number) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)
