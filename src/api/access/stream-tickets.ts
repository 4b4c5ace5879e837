import type { FastifyRequest } from 'fastify'
import type { StreamTicket } from '../../spec/stream-ticket.js'
import { type ApiKeys, signWithKeyOf } from '../http/api-keys.js'
import { eventStreamType } from '../http/content-negotiation.js'
import { HttpError } from '../http/http-error.js'

/** The `security` of a route that streams events: a key, a session, or a ticket in the query. */
export const keyOrTicket = [{ key: [] }, { session: [] }, { ticket: [] }] as const

/**
 * Tickets that open one stream of events for a short time. A browser's EventSource can send no header, and a key
 * must not be in a URL: URLs are kept in logs of proxies. A ticket is signed with the key that asked for it, so any
 * replica can check it, and it ends with the key.
 */
export class StreamTickets {
  constructor(
    private readonly keys: ApiKeys,
    private readonly publicUrl: string | null,
    /** The same for all replicas. */
    private readonly now: () => number = Date.now,
  ) {}

  /** Makes a ticket for the path of a stream, which may have a query. */
  create(request: FastifyRequest, path: string, seconds: number): StreamTicket {
    const [bare = '', query] = path.split(/\?(.*)/s)
    const expires = Math.floor(this.now() / 1000) + seconds
    const signature = signWithKeyOf(request, signedText(expires, bare))
    const ticket = `tk_${expires.toString(36)}_${signature.toString('base64url')}`
    const url = `${this.publicUrl ?? ''}${bare}?${query ? `${query}&` : ''}ticket=${ticket}`
    return { ticket, url, expiresAt: new Date(expires * 1000).toISOString() }
  }

  /**
   * Returns whether a request without a key opens a stream with a valid ticket. If so, `lastEventId` in the query
   * stands for the header that a new EventSource cannot send. Throws UNAUTHORIZED if the ticket is not valid.
   */
  accepts(request: FastifyRequest): boolean {
    const { ticket, lastEventId, ...query } = request.query as Record<string, unknown>
    if (ticket === undefined) return false
    if (!this.isValid(request, ticket)) throw ticketRefused()
    request.query = { ...query, ticket }
    if (typeof lastEventId === 'string') request.raw.headers['last-event-id'] ??= lastEventId
    return true
  }

  /** Removes the ticket of a permitted request from its query, which is then checked as without one. */
  remove(request: FastifyRequest): void {
    if (!isStream(request)) return
    const { ticket: _, ...query } = request.query as Record<string, unknown>
    request.query = query
  }

  private isValid(request: FastifyRequest, ticket: unknown): boolean {
    const [, expires, signature] = ticketPattern.exec(String(ticket)) ?? []
    if (!expires || !signature || Number.parseInt(expires, 36) * 1000 < this.now()) return false
    const { method, url, headers } = request
    const { format = 'stream' } = request.query as Record<string, unknown>
    if (!isStream(request) || method !== 'GET' || format !== 'stream') return false
    if (!headers.accept?.includes(eventStreamType)) return false
    const given = Buffer.from(signature, 'base64url')
    const text = signedText(Number.parseInt(expires, 36), url.split('?', 1)[0]!)
    return this.keys.signerOf(text, given) !== null
  }
}

const isStream = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.schema?.security?.some(each => 'ticket' in each) ?? false

const ticketPattern = /^tk_([0-9a-z]{1,9})_([\w-]{43})$/

const signedText = (expires: number, path: string) => `stream ticket ${expires} ${path}`

const ticketRefused = () =>
  new HttpError(
    'UNAUTHORIZED',
    'the ticket has expired, is for another path, or its key is no longer valid: POST /stream-tickets makes a new one. It opens only text/event-stream',
  )
