import type { FastifyReply } from 'fastify'

/**
 * Aborted if the client closes the connection before it has its answer. (Fastify's `request.signal` is
 * aborted as soon as the request has been read.)
 */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort()
  })
  return controller.signal
}
