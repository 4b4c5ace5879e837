import type { Session, SignIn } from '../spec/session.js'
import type { StreamTicket, StreamTicketRequest } from '../spec/stream-ticket.js'
import { type Caller, type CallOptions, jsonBody } from './caller.js'

export class SessionCalls {
  constructor(private readonly caller: Caller) {}

  /** Starts a session with a key. The browser keeps it in a cookie that no script can read. */
  signIn(
    key: string,
    { remember, ...options }: Omit<SignIn, 'key'> & CallOptions = {},
  ): Promise<Session> {
    const body = jsonBody({ key, ...(remember !== undefined && { remember }) })
    return this.caller.json<Session>('POST', '/session', { ...options, ...body })
  }

  /** Who calls: the session, or the key. */
  get(options?: CallOptions): Promise<Session> {
    return this.caller.json<Session>('GET', '/session', options)
  }

  async signOut(options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', '/session', options)
  }

  /** An URL for `new EventSource(url)`, which can send no key. */
  streamTicket(request: StreamTicketRequest, options?: CallOptions): Promise<StreamTicket> {
    const body = jsonBody(request)
    return this.caller.json<StreamTicket>('POST', '/stream-tickets', { ...options, ...body })
  }
}
