import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { DamagedItem } from '../../spec/damage.js'
import type { Page } from '../../spec/paging.js'

/** A page ends early after this much JSON. A job may have a mebibyte, and a page a thousand jobs. */
const maxPageChars = 8 * 2 ** 20
/** JSON that is made at once; more would hold the event loop. */
const sliceChars = 2 ** 18
/** Read first, to learn how large the items of a list are. */
const firstItems = 10
const readAheadChars = 2 ** 21

interface ListQuery {
  limit: number
  cursor?: string
}

/**
 * Sends a page of a list whose items may be large: reads and serializes a few at a time, and lets other
 * requests run between them.
 */
export async function sendPage<Q extends ListQuery, T>(
  reply: FastifyReply,
  itemSchema: object,
  query: Q,
  list: (query: Q) => Promise<Page<T>>,
): Promise<void> {
  const serialize = reply.compileSerializationSchema(itemSchema as Record<string, unknown>, '200')
  const slices: string[] = []
  let slice = ''
  let count = 0
  let chars = 0
  let readNext = firstItems
  let { cursor } = query
  const damagedByFile = new Map<string, DamagedItem>()
  for (;;) {
    const limit = Math.min(query.limit - count, readNext)
    const { items, damaged, nextCursor } = await list({
      ...query,
      limit,
      ...(cursor && { cursor }),
    })
    for (const item of damaged) damagedByFile.set(item.file, item)
    for (const item of items) {
      slice += `${count++ > 0 ? ',' : ''}${serialize(item as Record<string, unknown>)}`
      if (slice.length < sliceChars) continue
      chars += slice.length
      slices.push(slice)
      slice = ''
      await setImmediate()
    }
    cursor = nextCursor ?? undefined
    if (!cursor || count >= query.limit || chars + slice.length >= maxPageChars) {
      const rest = JSON.stringify({ damaged: [...damagedByFile.values()], nextCursor })
      // until it is sent: Fastify would otherwise answer again, with nothing
      await reply
        .type('application/json; charset=utf-8')
        .send(`{"items":[${slices.join('')}${slice}],${rest.slice(1)}`)
      return
    }
    const average = (chars + slice.length) / Math.max(1, count)
    readNext = Math.max(1, Math.floor(readAheadChars / Math.max(1, average)))
  }
}
