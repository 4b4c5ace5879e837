import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route answers rarely changes, or never. It gets an ETag, so that a client can keep it. */
    etag?: boolean
  }
}

/**
 * Tags the answers of routes with `etag`, by their content, and answers 304 to a client that has it already
 * (RFC 9110, section 13.1.2). The tags are weak, since a proxy or this server may compress what they name.
 */
export function tagUnchangingAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isTagged = request.routeOptions.config?.etag && reply.statusCode === 200
    if (isTagged && (typeof payload === 'string' || Buffer.isBuffer(payload))) {
      if (isKept(request, reply, payload)) reply.code(304)
    }
    if (reply.statusCode !== 304) return done(null, payload)
    reply.removeHeader('content-type').removeHeader('content-length')
    // of a text, Fastify would tell the length 0 to HEAD
    done(null, request.method === 'HEAD' ? Readable.from([]) : null)
  })
}

/**
 * Tags the answer that `content` is, or describes with all that it depends on. Returns whether the client has it:
 * then the answer is 304.
 */
export function isKept(
  request: FastifyRequest,
  reply: FastifyReply,
  content: string | Buffer,
): boolean {
  const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`
  reply.header('etag', `W/${tag}`)
  // to be kept, and asked for again each time; the answer to one key is not for another
  if (reply.getHeader('cache-control') === 'no-store') {
    const isPublic = request.routeOptions.schema?.security?.length === 0
    reply.header('cache-control', isPublic ? 'no-cache' : 'private, no-cache')
  }
  const kept = (request.headers['if-none-match'] ?? '').split(',').map(each => each.trim())
  return kept.some(each => each === '*' || each.replace(/^W\//, '') === tag)
}

/** The answer after `isKept` has returned true. */
export const sendNotModified = (reply: FastifyReply) => reply.code(304).send()
