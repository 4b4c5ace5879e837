// Brings the values of a typed column into the form in which they are counted and stored.
import type { CellParser } from '../cell-parser.js'
import type { MissingWords } from '../missing-words.js'
import type {
  ColumnValues,
  DictionaryValues,
  NumberArray,
  NumberValues,
  SourceType,
  Texts,
  TextValues,
  Validity,
} from './column-batch.js'

export interface PreparedNumbers {
  kind: 'numbers'
  values: Exclude<NumberArray, BigInt64Array | BigUint64Array>
  valid: Validity
}

export type PreparedValues = PreparedNumbers | TextValues | DictionaryValues

/** Applies the form's words for missing, counts empty texts as missing, and makes texts of numbers if asked to. */
export class ValuePreparer {
  /** Empty texts that were found. */
  emptyTexts = 0
  private readonly missingWords: MissingWords
  /** Of the last dictionary: 0 for each text that means a missing value; null if none does. */
  private validTexts: Validity = null
  private lastDictionary: Texts | null = null

  constructor(
    private readonly source: SourceType,
    private readonly asText: boolean,
    cells: CellParser,
  ) {
    this.missingWords = cells.missingWords
  }

  prepare(column: ColumnValues, rows: number): PreparedValues {
    if (column.kind === 'texts') return this.prepareTexts(column, rows)
    if (column.kind === 'dictionary') return this.prepareDictionary(column, rows)
    if (this.asText) return this.prepareDictionary(numbersAsTexts(column, rows, this.source), rows)
    const values = withoutBigInts(column.values)
    return { kind: 'numbers', values, valid: this.validNumbers(values, column.valid, rows) }
  }

  private validNumbers(values: PreparedNumbers['values'], given: Validity, rows: number): Validity {
    const { missingWords } = this
    if (missingWords.isEmpty) return given
    let valid = given
    for (let row = 0; row < rows; row++) {
      if (!missingWords.matchesValue(values[row])) continue
      if (valid === given) valid = given?.slice() ?? new Uint8Array(rows).fill(1)
      valid![row] = 0
    }
    return valid
  }

  private prepareTexts({ texts, valid: given }: TextValues, rows: number): TextValues {
    let valid = given
    for (let row = 0; row < rows; row++) {
      if ((given !== null && given[row] === 0) || !this.isMissing(texts, row)) continue
      if (texts.offsets[row] === texts.offsets[row + 1]) this.emptyTexts++
      if (valid === given) valid = given?.slice() ?? new Uint8Array(rows).fill(1)
      valid![row] = 0
    }
    return { kind: 'texts', texts, valid }
  }

  private prepareDictionary(column: DictionaryValues, rows: number): DictionaryValues {
    const { codes, dictionary } = column
    if (dictionary !== this.lastDictionary) {
      this.lastDictionary = dictionary
      this.validTexts = this.validTextsOf(dictionary)
    }
    const { validTexts } = this
    if (validTexts === null) return column
    const valid = column.valid?.slice() ?? new Uint8Array(rows).fill(1)
    for (let row = 0; row < rows; row++) {
      if (valid[row] === 0 || validTexts[codes[row]!] === 1) continue
      const code = codes[row]!
      if (dictionary.offsets[code] === dictionary.offsets[code + 1]) this.emptyTexts++
      valid[row] = 0
    }
    return { ...column, valid }
  }

  private validTextsOf(texts: Texts): Validity {
    const count = texts.offsets.length - 1
    let valid: Validity = null
    for (let text = 0; text < count; text++) {
      if (!this.isMissing(texts, text)) continue
      valid ??= new Uint8Array(count).fill(1)
      valid[text] = 0
    }
    return valid
  }

  private isMissing({ bytes, offsets }: Texts, text: number): boolean {
    const start = offsets[text]!
    const end = offsets[text + 1]!
    if (start === end) return true
    return !this.missingWords.isEmpty && this.missingWords.matches(bytes, start, end, true)
  }
}

/** 64-bit integers become the nearest float64. Far quicker than Number() of each. */
export function withoutBigInts(values: NumberArray): PreparedNumbers['values'] {
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array)) return values
  const numbers = new Float64Array(values.length)
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  const isSigned = values instanceof BigInt64Array
  for (let at = 0; at < numbers.length; at++) {
    const high = isSigned ? words[2 * at + 1]! | 0 : words[2 * at + 1]!
    numbers[at] = high * 2 ** 32 + words[2 * at]!
  }
  return numbers
}

/** As JSON writes them: 1.0 is 1, and booleans are true and false. */
function numbersAsTexts(
  { values, valid: given }: NumberValues,
  rows: number,
  source: SourceType,
): DictionaryValues {
  const codes = new Int32Array(rows)
  const known = new Map<number | bigint, number>()
  const texts: string[] = []
  let valid = given
  for (let row = 0; row < rows; row++) {
    if (given !== null && given[row] === 0) continue
    const value = values[row]!
    if (Number.isNaN(value)) {
      if (valid === given) valid = given?.slice() ?? new Uint8Array(rows).fill(1)
      valid![row] = 0
      continue
    }
    let code = known.get(value)
    if (code === undefined) {
      code = texts.length
      known.set(value, code)
      texts.push(source === 'boolean' ? String(Number(value) !== 0) : String(value))
    }
    codes[row] = code
  }
  return { kind: 'dictionary', codes, dictionary: textsOf(texts), valid }
}

/** Values that are indices of a dictionary, and negative where there is none. Keeps `codes`, if all are valid. */
export function dictionaryValues(codes: Int32Array, dictionary: Texts): DictionaryValues {
  if (!codes.some(code => code < 0)) return { kind: 'dictionary', codes, dictionary, valid: null }
  const valid = Uint8Array.from(codes, code => (code < 0 ? 0 : 1))
  return { kind: 'dictionary', codes: codes.map(code => Math.max(0, code)), dictionary, valid }
}

export function textsOf(list: readonly string[]): Texts {
  const encoded = list.map(text => Buffer.from(text))
  const offsets = new Int32Array(list.length + 1)
  for (const [index, { length }] of encoded.entries()) offsets[index + 1] = offsets[index]! + length
  return { bytes: Buffer.concat(encoded), offsets }
}

/** Where the text of a row lies. If it is missing, the range has no meaning. */
export function textRange(values: TextValues | DictionaryValues, row: number) {
  const { bytes, offsets } = values.kind === 'texts' ? values.texts : values.dictionary
  const text = values.kind === 'texts' ? row : values.codes[row]!
  return { bytes, start: offsets[text]!, end: offsets[text + 1]! }
}
