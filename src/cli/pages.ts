import type { DamagedItem } from '../spec/damage.js'
import type { Output } from './output.js'
import { countOf } from './terminal/format.js'

const mostPerPage = 1000

interface ListPage<T> {
  items: T[]
  total: number
  nextCursor: string | null
  damaged?: readonly DamagedItem[]
}

export interface ReadPages<T> {
  items: T[]
  damaged: DamagedItem[]
  total: number
}

/** The items of the first pages, up to `limit`. */
export async function readPages<T>(
  read: (query: [string, string][]) => Promise<ListPage<T>>,
  query: readonly [string, string][],
  limit: number,
): Promise<ReadPages<T>> {
  const items: T[] = []
  const damaged: DamagedItem[] = []
  let cursor: string | null = null
  for (;;) {
    const wanted = Math.min(limit - items.length, mostPerPage)
    const pairs: [string, string][] = [...query, ['limit', String(wanted)]]
    if (cursor !== null) pairs.push(['cursor', cursor])
    const page = await read(pairs)
    items.push(...page.items)
    damaged.push(...(page.damaged ?? []))
    cursor = page.nextCursor
    if (cursor === null || items.length >= limit) return { items, damaged, total: page.total }
  }
}

/** What a list does not show. */
export function noteRest(
  { items, damaged, total }: ReadPages<unknown>,
  noun: string,
  output: Output,
) {
  for (const { id, reason } of damaged) output.note(`${id} cannot be read: ${reason}`)
  if (total > items.length + damaged.length) {
    output.note(`${items.length} of ${countOf(total, noun)}; --limit shows more`)
  }
}

/** Pairs of a query, without the options that are not given. */
export const queryPairs = (
  options: Readonly<Record<string, string | readonly string[] | undefined>>,
): [string, string][] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return []
    const values = typeof value === 'string' ? [value] : value
    return values.map((each): [string, string] => [name, each])
  })
