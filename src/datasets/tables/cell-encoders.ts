// Encodes the cells of a prediction request, by the type of their column.

import type { ColumnType } from '../../spec/dataset.js'
import { CategoryCodes, type Found, trimmed } from './category-codes.js'
import { isMissingMarker, maxFloat32, type NumberParser, parseBoolean } from './cell.js'
import type { CellParser } from './cell-parser.js'
import { quoteCell } from './csv.js'

/** What the encoder needs to know about a column. */
export interface EncodedColumn {
  name: string
  type: ColumnType
  /** Names of the categories, by code. */
  categories?: readonly string[] | null
}

/** Returns the number of a cell, or what was expected. */
export type Encoder = (value: unknown) => number | { expected: string; unknownCategory?: true }

export function createEncoder(
  { name, type, categories }: EncodedColumn,
  { missingWords, numbers }: CellParser,
  text: boolean,
): Encoder {
  if (type === 'text')
    throw new Error(`column ${JSON.stringify(name)} is text, which has no encoding`)
  const codes = new CategoryCodes(categories ?? [])
  if (!text) {
    const encoder: Encoder = type === 'category' ? categoryEncoder(codes) : jsonEncoders[type]
    return value => (missingWords.matchesValue(value) ? Number.NaN : encoder(value))
  }
  const cell = new CellBytes()
  const encoder =
    type === 'category' ? cellCategoryEncoder(codes) : cellEncoders(numbers, cell)[type]
  const names = new Set(type === 'category' ? categories : [])
  return value => {
    if (typeof value !== 'string') return { expected: 'expected a text' }
    cell.set(value)
    const { bytes, length } = cell
    if (missingWords.matches(bytes, 0, length, type === 'category')) return Number.NaN
    const missing = value === '' || isMissingMarker(bytes, 0, length)
    // NA may be a category, if it was quoted in the training data.
    return missing && !names.has(value) ? Number.NaN : encoder(value)
  }
}

const categoryEncoder =
  (codes: CategoryCodes): Encoder =>
  value => {
    if (typeof value === 'number') return codeOrExpected(codes, codes.ofNumber(value))
    if (typeof value === 'boolean') return codeOrExpected(codes, codes.ofBoolean(value))
    if (typeof value !== 'string') return { expected: codes.expected }
    const found = codes.ofText(value)
    // an empty cell of an upload is missing too
    return found === 'unknown' && trimmed(value) === '' ? Number.NaN : codeOrExpected(codes, found)
  }

const cellCategoryEncoder =
  (codes: CategoryCodes): Encoder =>
  value =>
    codeOrExpected(codes, codes.ofCell(value as string))

function codeOrExpected(codes: CategoryCodes, found: Found): ReturnType<Encoder> {
  if (typeof found === 'number') return found
  if (found === 'unknown') return { expected: codes.expected, unknownCategory: true }
  const names = found.several.slice(0, 5).map(quoteCell).join(' or ')
  return { expected: `which may stand for ${names}: send the category as a text` }
}

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= maxFloat32

const jsonEncoders = {
  number: value =>
    isNumber(value) ? value : { expected: 'expected a number within 3.4e38, or null' },
  integer: value =>
    isNumber(value) && Number.isInteger(value)
      ? value
      : { expected: 'expected an integer, or null' },
  boolean: value =>
    typeof value === 'boolean' || value === 0 || value === 1
      ? Number(value)
      : { expected: 'expected true or false, or null' },
} satisfies Record<string, Encoder>

/** The bytes of a cell, for parsers of bytes. Most cells are short numbers, for which a Buffer takes long. */
class CellBytes {
  private readonly short = new Uint8Array(64)
  bytes: Uint8Array = this.short
  length = 0

  set(text: string): void {
    this.length = text.length
    this.bytes = this.short
    if (text.length <= this.short.length && this.setAscii(text)) return
    this.bytes = Buffer.from(text)
    this.length = this.bytes.length
  }

  private setAscii(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      this.short[i] = code
    }
    return true
  }
}

/** Encoders of the text that was set in `cell`. */
function cellEncoders(numbers: NumberParser, cell: CellBytes) {
  const parseNumber = (): number | null =>
    numbers.parse(cell.bytes, 0, cell.length) ? numbers.value : null
  return {
    number: () => parseNumber() ?? { expected: 'expected a number within 3.4e38' },
    integer: () => {
      const number = parseNumber()
      return number !== null && Number.isInteger(number)
        ? number
        : { expected: 'expected an integer' }
    },
    boolean: () => {
      const bool = parseBoolean(cell.bytes, 0, cell.length)
      return bool >= 0 ? bool : { expected: 'expected true or false' }
    },
  } satisfies Record<string, Encoder>
}
