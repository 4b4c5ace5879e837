import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const graceMs = 5000

/**
 * Lets the requests in flight end before the server cuts all connections, and tells the endless ones to
 * end. Waiting for connections instead takes a minute if a client has opened one and said nothing.
 */
export function closeInOrder(app: FastifyInstance): AbortSignal {
  const closing = new AbortController()
  let inFlight = 0
  let quiet = () => {}
  app.addHook('onRequest', async (_request, reply) => {
    inFlight++
    reply.raw.once('close', () => {
      if (--inFlight === 0) quiet()
    })
  })
  app.addHook('preClose', async () => {
    const ended = new Promise<void>(resolve => {
      quiet = resolve
    })
    closing.abort()
    if (inFlight > 0) await Promise.race([ended, sleep(graceMs, undefined, { ref: false })])
  })
  return closing.signal
}
