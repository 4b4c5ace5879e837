import type { ColumnValues, Texts, Validity } from '../columns/column-batch.js'
import { arenaOf, type Block, type KernelArena } from '../kernels/kernel-arena.js'
import { hasDictionary, type Piece, place } from './page-piece.js'

/** Where the kernels put the rows of one column, a batch at a time. */
export class BatchMemory {
  private values: Block | null = null
  private valid: Block | null = null

  constructor(
    private readonly arena: KernelArena,
    private readonly maxRows: number,
  ) {}

  /** Returns null if some pages are not in the memory of the kernels, or if there is no room. The next call overwrites what it returns. */
  join(pieces: readonly Piece[], rows: number): ColumnValues | null {
    const texts = dictionaryOf(pieces)
    if (!texts && !pieces.every(hasNumbers)) return null
    this.values ??= this.arena.take(8 * this.maxRows)
    this.valid ??= this.arena.take(this.maxRows)
    const { arena, values, valid } = this
    if (!values || !valid) return null
    const validity = this.joinValidity(pieces, rows, valid)
    if (texts) {
      place(pieces, (piece, to) => this.placeCodes(piece, values.at + 4 * to))
      const codes = arena.int32(values.at, rows)
      return { kind: 'dictionary', codes, dictionary: texts, valid: validity }
    }
    place(pieces, (piece, to) => this.placeNumbers(piece, values.at + 8 * to))
    return { kind: 'numbers', values: arena.float64(values.at, rows), valid: validity }
  }

  close(): void {
    if (this.values) this.arena.give(this.values)
    if (this.valid) this.arena.give(this.valid)
  }

  private joinValidity(pieces: readonly Piece[], rows: number, { at }: Block): Validity {
    if (pieces.every(({ page }) => page.valid === null)) return null
    const { arena } = this
    const valid = arena.uint8(at, rows)
    place(pieces, ({ page, from, rows: count }, to) => {
      if (page.valid) arena.kernels.move(page.valid.byteOffset + from, count, at + to)
      else valid.fill(1, to, to + count)
    })
    return valid
  }

  private placeCodes({ page, from, rows, skipped }: Piece, to: number): void {
    const { codes } = page.values as { codes: Int32Array }
    const at = codes.byteOffset + 4 * skipped
    const { arena } = this
    if (page.valid) arena.kernels.spreadCodes(at, page.valid.byteOffset + from, rows, to)
    else arena.kernels.move(at, 4 * rows, to)
  }

  private placeNumbers({ page, from, rows, skipped }: Piece, to: number): void {
    const { arena } = this
    const { kernels } = arena
    const validAt = page.valid ? page.valid.byteOffset + from : 0
    const { values } = page
    if (values.kind === 'codes') {
      const dictionary = (values.dictionary as { values: Float64Array }).values.byteOffset
      kernels.gatherNumbers(dictionary, values.codes.byteOffset + 4 * skipped, validAt, rows, to)
      return
    }
    const at = (values as { values: Float64Array }).values.byteOffset + 8 * skipped
    if (page.valid) kernels.spreadNumbers(at, validAt, rows, to)
    else kernels.move(at, 8 * rows, to)
  }
}

/** The dictionary of texts that the codes of all pieces mean; null if they have none, or several. */
function dictionaryOf(pieces: readonly Piece[]): Texts | null {
  const { values } = pieces[0]!.page
  if (values.kind !== 'codes' || values.dictionary.kind !== 'texts') return null
  const { dictionary } = values
  const isCommon = pieces.every(({ page }) => page.release && hasDictionary(page, dictionary))
  return isCommon ? values.dictionary.texts : null
}

function hasNumbers({ page: { values, release } }: Piece): boolean {
  if (!release || values.kind === 'texts') return false
  if (values.kind === 'numbers') return true
  return values.dictionary.kind === 'numbers' && arenaOf(values.dictionary.values) !== null
}
