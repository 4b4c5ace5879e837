import { arenaOf } from '../kernels/kernel-arena.js'
import type { Converted } from './column-type.js'
import type { Page } from './page-reader.js'

/** A page, and how much of it has been taken. */
export interface Piece {
  page: Page
  /** The first row. */
  from: number
  rows: number
  /** Entries among the page's values that the rows before it have. */
  skipped: number
  /** Entries that these rows have. */
  present: number
}

export const hasDictionary = ({ values }: Page, dictionary: Converted) =>
  values.kind === 'codes' && values.dictionary === dictionary

/** Calls `each` with each piece and the row of the batch that its first becomes. */
export function place(pieces: readonly Piece[], each: (piece: Piece, to: number) => void): void {
  let to = 0
  for (const piece of pieces) {
    each(piece, to)
    to += piece.rows
  }
}

export function countValid(valid: Uint8Array, from: number, rows: number): number {
  const arena = arenaOf(valid)
  if (arena) return arena.kernels.sumBytes(valid.byteOffset + from, rows)
  let present = 0
  for (let row = from; row < from + rows; row++) present += valid[row]!
  return present
}
