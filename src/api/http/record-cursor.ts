import { invalidCursor } from '../../errors.js'
import { decodeCursor, encodeCursor } from '../../lists/cursor.js'
import type { Order } from '../../lists/order.js'

const byIndex: Order = { keys: [{ path: 'index', descending: false }], idsDescending: false }

/** The cursor of the page of a data set's records, or of its columns, that begins at `index`. */
export const recordCursor = (id: string, index: number): string =>
  encodeCursor({ id, values: [index] }, byIndex)

/** The index in a cursor, or `first` without one. Throws INVALID_CURSOR if it is that of another data set. */
export function recordIndex(cursor: string | undefined, id: string, first = 0): number {
  if (cursor === undefined) return first
  const place = decodeCursor(cursor, byIndex)
  const [index] = place.values
  if (place.id !== id || !Number.isSafeInteger(index) || Number(index) < 0) {
    throw invalidCursor(cursor)
  }
  return Math.max(first, Number(index))
}
