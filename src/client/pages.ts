import type { DamagedItem } from '../spec/damage.js'
import type { CallOptions } from './caller.js'

export interface AllOptions extends CallOptions {
  /** Things whose record cannot be read are not among the items: this is told of them. */
  onDamaged?: ((item: DamagedItem) => void) | undefined
}

interface ListPage<T> {
  items: T[]
  nextCursor: string | null
  damaged?: DamagedItem[]
}

/** Of a page, if the query does not say. */
const pageSize = 200

/** The items of all pages, each page read when its turn comes. */
export async function* allItems<T, Q>(
  list: (query: Q, options: CallOptions) => Promise<ListPage<T>>,
  query: Q,
  { onDamaged, ...options }: AllOptions,
): AsyncGenerator<T> {
  const pairs = Array.isArray(query)
  const isSized = pairs ? query.some(([name]) => name === 'limit') : Object(query).limit
  let next = isSized ? query : withParameter(query, 'limit', pageSize)
  for (;;) {
    const { items, damaged = [], nextCursor } = await list(next, options)
    for (const item of damaged) onDamaged?.(item)
    yield* items
    if (nextCursor === null) return
    next = withParameter(next, 'cursor', nextCursor)
  }
}

const withParameter = <Q>(query: Q, name: string, value: string | number): Q =>
  Array.isArray(query)
    ? ([...query.filter(([other]) => other !== name), [name, String(value)]] as Q)
    : { ...query, [name]: value }
