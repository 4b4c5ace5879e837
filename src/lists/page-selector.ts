import { type Condition, matches } from './condition.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import { comparePlaces, type Order, type Place, placeOf } from './order.js'

/** Which items of a list are wanted, and in which order. */
export interface ListQuery {
  limit: number
  cursor?: string | undefined
  /** Replaces the list's own order. */
  sort?: Order['keys'] | undefined
  /** An item must meet all of them. */
  where?: readonly Condition[] | undefined
}

/** One page of a list, before its items are read. */
export interface Selection<T> {
  items: T[]
  /** The cursor of the page that begins after each item. */
  cursors: string[]
  /** Whether more items follow. */
  hasMore: boolean
  /** How many items match, on all pages. */
  total: number
}

interface Candidate<T> {
  place: Place
  item: T
}

/**
 * Finds the items of one page among many that come in batches, in any order. It holds no more than a page and a batch,
 * and sorts no more at once, so the caller can let other work run between batches.
 */
export class PageSelector<T> {
  private best: Candidate<T>[] = []
  private total = 0
  private readonly after: Place | null
  private readonly order: Order

  /** Throws INVALID_CURSOR. */
  constructor(
    private readonly query: ListQuery,
    defaultOrder: Order,
  ) {
    this.order = query.sort ? { ...defaultOrder, keys: query.sort } : defaultOrder
    this.after = query.cursor === undefined ? null : decodeCursor(query.cursor, this.order)
  }

  /** `documents` have the fields to filter and sort by. */
  add(documents: readonly { id: string; document: object; item: T }[]): void {
    const { limit, where = [] } = this.query
    for (const { id, document, item } of documents) {
      if (!where.every(condition => matches(document, condition))) continue
      this.total++
      const place = placeOf(id, document, this.order)
      if (this.after && comparePlaces(place, this.after, this.order) <= 0) continue
      this.best.push({ place, item })
    }
    this.best.sort((a, b) => comparePlaces(a.place, b.place, this.order))
    this.best.splice(limit + 1)
  }

  selection(): Selection<T> {
    const { limit } = this.query
    const page = this.best.slice(0, limit)
    return {
      items: page.map(({ item }) => item),
      cursors: page.map(({ place }) => encodeCursor(place, this.order)),
      hasMore: this.best.length > limit,
      total: this.total,
    }
  }
}
