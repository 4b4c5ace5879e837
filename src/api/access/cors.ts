import type { FastifyInstance } from 'fastify'
import { type AccessSettings, originMatcher } from './access-settings.js'

/** Answer headers that pages of other origins may read, beside those that they always may. */
const exposedHeaders = [
  ...['content-disposition', 'etag', 'idempotency-replayed', 'location', 'retry-after'],
  ...['www-authenticate', 'x-request-id', 'preference-applied'],
  ...['tus-resumable', 'tus-version', 'tus-extension', 'tus-max-size', 'tus-checksum-algorithm'],
  ...['upload-offset', 'upload-length', 'upload-metadata', 'upload-expires'],
].join(', ')

// a page asks by OPTIONS what uploads may have
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Chrome keeps the answer to a preflight for no longer than this. */
const preflightSeconds = 7200

/**
 * Tells browsers that pages of the permitted origins may read the answers, errors included, and answers their
 * preflights (https://fetch.spec.whatwg.org/#http-cors-protocol). Other origins are refused before. Credentials are
 * not allowed: a page of another origin sends the key itself, and the cookie of a session is for pages of this server.
 */
export function allowOrigins(app: FastifyInstance, settings: AccessSettings): void {
  const { corsOrigins } = settings
  if (corsOrigins.length === 0) return
  const isAllowed = originMatcher(settings)
  const anyOrigin = corsOrigins.includes('*')
  app.addHook('onRequest', async (request, reply) => {
    const { origin, ...headers } = request.headers
    if (!anyOrigin) reply.header('vary', 'origin')
    if (origin === undefined || !isAllowed(origin)) return
    reply.header('access-control-allow-origin', anyOrigin ? '*' : origin)
    reply.header('access-control-expose-headers', exposedHeaders)
    const isPreflight = headers['access-control-request-method'] !== undefined
    if (request.method !== 'OPTIONS' || !isPreflight) return
    // whichever they are: no header but the key gives any right
    const asked = headers['access-control-request-headers']
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': methods,
        'access-control-max-age': preflightSeconds,
        ...(asked && { 'access-control-allow-headers': asked }),
      })
      .send()
  })
}
