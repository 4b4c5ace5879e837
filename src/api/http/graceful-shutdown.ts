import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const gracePeriodMs = 5000

/**
 * On close, aborts the returned signal so that streams end, and waits up to 5 s for requests in flight.
 * Waiting for connections instead would take a minute if a client has opened one and sent nothing.
 */
export function addGracefulClose(app: FastifyInstance): AbortSignal {
  const closing = new AbortController()
  let inFlight = 0
  let onIdle = () => {}
  const onClose = () => {
    if (--inFlight === 0) onIdle()
  }
  app.addHook('onRequest', (_request, reply, done) => {
    inFlight++
    reply.raw.once('close', onClose)
    done()
  })
  app.addHook('preClose', async () => {
    const idle = new Promise<void>(resolve => {
      onIdle = resolve
    })
    closing.abort()
    if (inFlight > 0) await Promise.race([idle, sleep(gracePeriodMs, undefined, { ref: false })])
  })
  return closing.signal
}
