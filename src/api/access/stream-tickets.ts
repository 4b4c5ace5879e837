import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ApiKeys, signWithKeyOf } from '../http/api-keys.js'
import { eventStreamType } from '../http/content-negotiation.js'
import { HttpError, invalidRequest } from '../http/http-error.js'
import { pathOf } from './public-url.js'

/** The `security` of a route that streams events: a key, or a ticket in the query. */
export const keyOrTicket = [{ key: [] }, { ticket: [] }] as const

/**
 * Tickets that open one stream of events for a short time. A browser's EventSource can send no header, and a key
 * must not be in a URL: URLs are kept in logs of proxies. A ticket is signed with the key that asked for it, so any
 * replica can check it, and it ends with the key.
 */
export class StreamTickets {
  private readonly streams: RegExp[] = []

  constructor(
    app: FastifyInstance,
    private readonly keys: ApiKeys,
    private readonly publicUrl: string | null,
  ) {
    app.addHook('onRoute', ({ url, schema }) => {
      const isStream = schema?.security?.some(each => 'ticket' in each)
      if (isStream) this.streams.push(new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`))
    })
  }

  /** Makes a ticket for `path`, which may have a query. Throws INVALID_REQUEST if no stream is there. */
  create(request: FastifyRequest, path: string, seconds: number) {
    const prefix = pathOf(this.publicUrl)
    const route = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
    const [bare = '', query] = route.split(/\?(.*)/s)
    if (!/^[\x21-\x7e]+$/.test(route) || !this.streams.some(stream => stream.test(bare))) {
      throw invalidRequest('/path', 'invalid', noStream)
    }
    const expires = Math.floor(Date.now() / 1000) + seconds
    const signature = signWithKeyOf(request, signedText(expires, bare))
    const ticket = `tk_${expires.toString(36)}_${signature.toString('base64url')}`
    const url = `${this.publicUrl ?? ''}${bare}?${query ? `${query}&` : ''}ticket=${ticket}`
    return { ticket, url, expiresAt: new Date(expires * 1000).toISOString() }
  }

  /**
   * Returns whether a request without a key opens a stream with a valid ticket. If so, removes the ticket from the
   * query, and `lastEventId`, which stands for the header that a new EventSource cannot send. Throws UNAUTHORIZED if
   * the ticket is not valid.
   */
  accepts(request: FastifyRequest): boolean {
    const { ticket, lastEventId, ...query } = request.query as Record<string, unknown>
    if (ticket === undefined) return false
    if (!this.isValid(request, ticket)) throw ticketRefused()
    request.query = query
    if (typeof lastEventId === 'string') request.raw.headers['last-event-id'] ??= lastEventId
    return true
  }

  private isValid(request: FastifyRequest, ticket: unknown): boolean {
    const { method, url, headers } = request
    const [, expires, signature] = ticketPattern.exec(String(ticket)) ?? []
    const path = url.split('?', 1)[0]!
    if (!expires || !signature || Number.parseInt(expires, 36) * 1000 < Date.now()) return false
    const { format = 'stream' } = request.query as Record<string, unknown>
    if (method !== 'GET' || format !== 'stream') return false
    if (!headers.accept?.includes(eventStreamType)) return false
    if (!this.streams.some(stream => stream.test(path))) return false
    const given = Buffer.from(signature, 'base64url')
    const text = signedText(Number.parseInt(expires, 36), path)
    return this.keys.signatures(text).some(valid => timingSafeEqual(valid, given))
  }
}

const ticketPattern = /^tk_([0-9a-z]{1,9})_([\w-]{43})$/

const signedText = (expires: number, path: string) => `stream ticket ${expires} ${path}`

const noStream =
  'no stream of events has this path; streams are /events, /jobs/:id/events, /jobs/:id/metrics and /jobs/:id/logs'

const ticketRefused = () =>
  new HttpError(
    'UNAUTHORIZED',
    'the ticket has expired, is for another path, or its key is no longer valid: POST /stream-tickets makes a new one. It opens only text/event-stream',
  )
