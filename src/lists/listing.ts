import { setImmediate } from 'node:timers/promises'
import type { DamagedItem } from '../spec/damage.js'
import type { Order } from './order.js'
import { type ListQuery, PageSelector, type Selection } from './page-selector.js'

/** One page of a list, whose items are read a few at a time because they may be large. */
export interface Listing<T> extends Omit<Selection<T>, 'items'> {
  /** Reads items of the page, counted from 0, up to `to` exclusively. Leaves out those that are gone or damaged. */
  read(from: number, to: number): Promise<T[]>
  /** How many small items are read at once; the reader decides if undefined. */
  itemsAtOnce?: number
  /** What the list passes over, as far as it is known after the reads. */
  damaged(): Promise<DamagedItem[]>
}

/** A listing of items that are in memory. */
export const listingOf = <T>(
  { items, ...page }: Selection<T>,
  damaged: () => Promise<DamagedItem[]>,
): Listing<T> => ({
  ...page,
  damaged,
  read: async (from, to) => items.slice(from, to),
})

/** Items that are looked at before other work of the process runs. */
const batchSize = 1000

/** The page of a list whose items are in memory. Throws INVALID_CURSOR. */
export async function selectPage<T extends { id: string }>(
  items: readonly T[],
  query: ListQuery,
  defaultOrder: Order,
): Promise<Selection<T>> {
  const selector = new PageSelector<T>(query, defaultOrder)
  for (let from = 0; from < items.length; from += batchSize) {
    if (from > 0) await setImmediate()
    const batch = items.slice(from, from + batchSize)
    selector.add(batch.map(item => ({ id: item.id, document: item, item })))
  }
  return selector.selection()
}
