import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { Listing } from '../../lists/listing.js'
import { pickFields } from '../../lists/pick-fields.js'

/** A page ends early after this much JSON. A job may have a mebibyte, and a page a thousand jobs. */
const maxPageChars = 8 * 2 ** 20
/** JSON that is made at once; more would hold the event loop. */
const sliceChars = 2 ** 18
/** Read first, to learn how large the items of a list are. */
const firstItems = 10
const maxItemsAtOnce = 25
const readAheadChars = 2 ** 21

/** Sends a page of a list of objects. `fields`: the only fields of each item; all if undefined. */
export function sendPage<T extends object>(
  reply: FastifyReply,
  itemSchema: object,
  listing: Listing<T>,
  fields?: readonly string[],
): Promise<void> {
  const serialize = reply.compileSerializationSchema(itemSchema as Record<string, unknown>, '200')
  return sendSerialized(
    reply,
    fields
      ? item => JSON.stringify(pickFields(item, fields))
      : item => serialize(item as Record<string, unknown>),
    listing,
  )
}

/**
 * Sends a page of a list whose items may be large: reads and serializes a few at a time, and lets other
 * requests run between them.
 */
export async function sendSerialized<T>(
  reply: FastifyReply,
  serialize: (item: T) => string,
  listing: Listing<T>,
): Promise<void> {
  const { cursors, hasMore, total, itemsAtOnce } = listing
  const slices: string[] = []
  let slice = ''
  let count = 0
  let chars = 0
  let read = 0
  let readNext = itemsAtOnce ?? firstItems
  while (read < cursors.length && chars + slice.length < maxPageChars) {
    const to = Math.min(cursors.length, read + readNext)
    for (const item of await listing.read(read, to)) {
      slice += `${count++ > 0 ? ',' : ''}${serialize(item)}`
      if (slice.length < sliceChars) continue
      chars += slice.length
      slices.push(slice)
      slice = ''
      await setImmediate()
    }
    read = to
    await setImmediate()
    const average = (chars + slice.length) / Math.max(1, count)
    const affordable = Math.floor(readAheadChars / Math.max(1, average))
    readNext = Math.min(itemsAtOnce ?? maxItemsAtOnce, Math.max(1, affordable))
  }
  const isLast = read === cursors.length && !hasMore
  const damaged = await listing.damaged()
  const rest = JSON.stringify({
    damaged,
    total,
    nextCursor: isLast ? null : (cursors[read - 1] ?? null),
  })
  // until it is sent: Fastify would otherwise answer again, with nothing
  await reply
    .type('application/json; charset=utf-8')
    .send(`{"items":[${slices.join('')}${slice}],${rest.slice(1)}`)
}
