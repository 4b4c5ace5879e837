import type { ColumnValues, NumberArray, Texts, Validity } from '../columns/column-batch.js'
import type { BatchMemory } from './batch-memory.js'
import { countValid, hasDictionary, type Piece, place } from './page-piece.js'
import type { Page } from './page-reader.js'

/** Takes rows from the pages of a column, however the pages divide them. */
export class ColumnCursor {
  private page: Page | null = null
  private row = 0
  /** Entries of the page's values before `row`. */
  private value = 0
  /** Pages of which nothing is left. */
  private used: Page[] = []

  /** `memory`: where the kernels put what they join; null without them. */
  constructor(
    private readonly nextPage: () => Page | null,
    private readonly memory: BatchMemory | null,
  ) {}

  /** Bytes of the page that is held. */
  get heldBytes(): number {
    const { page } = this
    if (!page) return 0
    const { values } = page
    const bytes =
      values.kind === 'codes'
        ? values.codes.byteLength
        : values.kind === 'numbers'
          ? values.values.byteLength
          : values.texts.bytes.length + values.texts.offsets.byteLength
    return bytes + (page.valid?.length ?? 0)
  }

  /** The next `rows` rows, which the pages must have. */
  take(rows: number): ColumnValues {
    const pieces: Piece[] = []
    for (let taken = 0; taken < rows; ) {
      const piece = this.takePiece(rows - taken)
      pieces.push(piece)
      taken += piece.rows
    }
    const values = this.memory?.join(pieces, rows) ?? join(pieces, rows)
    for (const page of this.used.splice(0)) page.release?.()
    return values
  }

  /** After the last row. */
  close(): void {
    this.page?.release?.()
    this.page = null
  }

  private takePiece(maxRows: number): Piece {
    while (!this.page || this.row === this.page.rows) {
      if (this.page) this.used.push(this.page)
      this.page = this.nextPage()
      if (!this.page) throw new Error('the column ends before the others')
      this.row = 0
      this.value = 0
    }
    const { page, row, value } = this
    const rows = Math.min(maxRows, page.rows - row)
    const present = page.valid ? countValid(page.valid, row, rows) : rows
    this.row += rows
    this.value += present
    return { page, from: row, rows, skipped: value, present }
  }
}

function join(pieces: readonly Piece[], rows: number): ColumnValues {
  const valid = joinValidity(pieces, rows)
  const [first] = pieces
  const { values } = first!.page
  const dictionary = values.kind === 'codes' ? values.dictionary : null
  if (dictionary?.kind === 'texts' && pieces.every(({ page }) => hasDictionary(page, dictionary))) {
    const codes = new Int32Array(rows)
    place(pieces, (piece, to) =>
      spread(codes, (piece.page.values as { codes: Int32Array }).codes, piece, to),
    )
    return { kind: 'dictionary', codes, dictionary: dictionary.texts, valid }
  }
  const kind = dictionary?.kind ?? values.kind
  if (kind === 'numbers') return { kind, values: joinNumbers(pieces, rows), valid }
  return { kind: 'texts', texts: joinTexts(pieces, rows), valid }
}

function joinValidity(pieces: readonly Piece[], rows: number): Validity {
  if (pieces.every(({ page }) => page.valid === null)) return null
  const valid = new Uint8Array(rows).fill(1)
  place(pieces, ({ page, from, rows: count }, to) => {
    if (page.valid) valid.set(page.valid.subarray(from, from + count), to)
  })
  return valid
}

/** Puts the entries of a piece where its rows are. */
function spread<Array extends NumberArray>(
  target: Array,
  source: Array,
  { page, from, rows, skipped }: Piece,
  to: number,
): void {
  if (page.valid === null) {
    target.set(source.subarray(skipped, skipped + rows) as never, to)
    return
  }
  let at = skipped
  for (let row = 0; row < rows; row++) {
    if (page.valid[from + row] === 1) target[to + row] = source[at++]!
  }
}

const numbersOf = ({ values }: Page): NumberArray => {
  const found = values.kind === 'codes' ? values.dictionary : values
  if (found.kind !== 'numbers') throw new Error('its pages have different kinds of values')
  return found.values
}

function joinNumbers(pieces: readonly Piece[], rows: number): NumberArray {
  const numbers = numbersOf(pieces[0]!.page)
  const joined = new (numbers.constructor as new (length: number) => NumberArray)(rows)
  place(pieces, (piece, to) => {
    const { values } = piece.page
    const source = numbersOf(piece.page)
    if (values.kind === 'codes') {
      const isCommon = joined instanceof Float64Array && source instanceof Float64Array
      if (isCommon && piece.page.valid === null) gather(joined, source, values.codes, piece, to)
      else spreadCodes(joined, source, values.codes, piece, to)
    } else spread(joined, source, piece, to)
  })
  return joined
}

/** Only for float64, since a loop over one type of array is compiled to a few instructions. */
function gather(
  target: Float64Array,
  dictionary: Float64Array,
  codes: Int32Array,
  { rows, skipped }: Piece,
  to: number,
): void {
  for (let row = 0; row < rows; row++) target[to + row] = dictionary[codes[skipped + row]!]!
}

function spreadCodes<Array extends NumberArray>(
  target: Array,
  dictionary: Array,
  codes: Int32Array,
  { page, from, rows, skipped }: Piece,
  to: number,
): void {
  const { valid } = page
  if (valid === null) {
    for (let row = 0; row < rows; row++) target[to + row] = dictionary[codes[skipped + row]!]!
    return
  }
  let at = skipped
  for (let row = 0; row < rows; row++) {
    if (valid[from + row] === 1) target[to + row] = dictionary[codes[at++]!]!
  }
}

function joinTexts(pieces: readonly Piece[], rows: number): Texts {
  const parts: Buffer[] = []
  const offsets = new Int32Array(rows + 1)
  let end = 0
  place(pieces, (piece, to) => {
    const { page, from, rows: count, skipped } = piece
    let at = skipped
    for (let row = 0; row < count; row++) {
      if (page.valid === null || page.valid[from + row] === 1) {
        const text = textOf(page, at++)
        parts.push(text)
        end += text.length
      }
      offsets[to + row + 1] = end
    }
  })
  return { bytes: Buffer.concat(parts, end), offsets }
}

function textOf({ values }: Page, at: number): Buffer {
  const found = values.kind === 'codes' ? values.dictionary : values
  if (found.kind !== 'texts') throw new Error('its pages have different kinds of values')
  const { bytes, offsets } = found.texts
  const text = values.kind === 'codes' ? values.codes[at]! : at
  return bytes.subarray(offsets[text]!, offsets[text + 1]!)
}
