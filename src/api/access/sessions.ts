import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '../../spec/session.js'
import { type ApiKeys, callerNameOf, hashOfKey, keyRequired, sign } from '../http/api-keys.js'
import { HttpError } from '../http/http-error.js'
import { EndedSessions } from './ended-sessions.js'
import { requireOwnPage } from './own-page.js'
import { type CookieScope, scopeFor, sessionCookies, setCookie } from './session-cookie.js'
import { SignInLimit } from './sign-in-limit.js'

const hour = 3600
/** How long a session lasts without a request. */
const lifetime = ({ remember }: CookieScope) => (remember ? 30 * 24 * hour : 12 * hour)
/** The part of its lifetime after which a request renews a session. */
const renewedAfter = 1 / 24

interface SignedIn {
  id: string
  scope: CookieScope
  /** In seconds since 1970. */
  expires: number
  keyHash: Buffer
}

export interface SessionsOptions {
  keys: ApiKeys
  publicUrl: string | null
  dataFolder: string
}

/**
 * Sessions of browsers that have signed in with a key. The cookie is signed with the key, so any replica can check
 * it, it acts as that key, and it ends with it. Of the key it has nothing.
 */
export class Sessions {
  private readonly limit = new SignInLimit()
  private readonly ended: EndedSessions
  private readonly ofRequests = new WeakMap<FastifyRequest, SignedIn>()

  constructor(private readonly options: SessionsOptions) {
    const longest = lifetime({ remember: true, secure: true, below: true })
    this.ended = new EndedSessions(options.dataFolder, longest * 1000)
  }

  /**
   * Starts a session and sets its cookie. Throws UNAUTHORIZED if the key is not valid, SIGN_IN_LIMITED after too many
   * of those, and SESSION_REFUSED if another page asks: it could sign a user in as someone else.
   */
  start(request: FastifyRequest, reply: FastifyReply, key: string, remember: boolean): Session {
    const { keys, publicUrl } = this.options
    requireOwnPage(request, publicUrl)
    this.limit.check(request.ip)
    if (!keys.accepts(key)) {
      this.limit.addFailure(request.ip)
      throw keyRequired('the key is not valid; the file `key` of the data folder has one')
    }
    const session = {
      id: randomBytes(16).toString('hex'),
      scope: scopeFor(request, publicUrl, remember),
      keyHash: hashOfKey(key),
    }
    return this.issue(request, reply, session)
  }

  /**
   * Returns whether the cookie of a session permits a request, which then acts as the session's key; renews the
   * session. Throws SESSION_EXPIRED if there are only invalid cookies, and SESSION_REFUSED if the request is not from
   * a page of this server.
   */
  async accepts(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const cookies = sessionCookies(request)
    if (cookies.length === 0) return false
    const session = await this.find(cookies)
    if (!session) throw sessionExpired()
    requireOwnPage(request, this.options.publicUrl)
    request.sessionKeyHash = session.keyHash
    this.ofRequests.set(request, session)
    const left = session.expires - now()
    if (left < lifetime(session.scope) * (1 - renewedAfter)) this.issue(request, reply, session)
    return true
  }

  /**
   * Who is signed in, for the page that a request opens to begin with. Null if nobody is, or if it cannot be told now:
   * the page then asks for itself.
   */
  async ofPage(request: FastifyRequest, reply: FastifyReply): Promise<Session | null> {
    const isAccepted = await this.accepts(request, reply).catch(() => false)
    return isAccepted ? this.describe(request) : null
  }

  /** Who makes a permitted request. */
  describe(request: FastifyRequest): Session {
    const session = this.ofRequests.get(request)
    return {
      caller: callerNameOf(request),
      remember: session?.scope.remember ?? false,
      expiresAt: session ? new Date(session.expires * 1000).toISOString() : null,
    }
  }

  /** Signs a browser out: removes its cookie, and ends the session wherever a copy of the cookie is. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { publicUrl } = this.options
    requireOwnPage(request, publicUrl)
    const session = await this.find(sessionCookies(request))
    const scope = session?.scope ?? scopeFor(request, publicUrl, false)
    setCookie(request, reply, publicUrl, { value: '', scope, seconds: 0 })
    if (session) await this.ended.add(session.id)
  }

  private issue(
    request: FastifyRequest,
    reply: FastifyReply,
    { id, scope, keyHash }: Omit<SignedIn, 'expires'>,
  ): Session {
    const seconds = lifetime(scope)
    const session = { id, scope, keyHash, expires: now() + seconds }
    const text = signedText(session)
    const value = `ts_${text}_${sign(keyHash, `session ${text}`).toString('base64url')}`
    setCookie(request, reply, this.options.publicUrl, { value, scope, seconds })
    request.sessionKeyHash = keyHash
    this.ofRequests.set(request, session)
    return this.describe(request)
  }

  /** The first valid session: browsers send the cookie of the longest path first. */
  private async find(cookies: readonly string[]): Promise<SignedIn | null> {
    for (const cookie of cookies) {
      const session = this.read(cookie)
      if (session && !(await this.ended.has(session.id))) return session
    }
    return null
  }

  private read(cookie: string): SignedIn | null {
    const [, text, expiry, flags, id, signature] = cookiePattern.exec(cookie) ?? []
    if (!text || !expiry || !flags || !id || !signature) return null
    const keyHash = this.options.keys.signerOf(
      `session ${text}`,
      Buffer.from(signature, 'base64url'),
    )
    const expires = Number.parseInt(expiry, 36)
    if (!keyHash || expires <= now()) return null
    const [remember, secure, below] = ['r', 's', 'b'].map(flag => flags.includes(flag))
    return { id, scope: { remember: remember!, secure: secure!, below: below! }, expires, keyHash }
  }
}

const cookiePattern = /^ts_(([0-9a-z]{1,9})_([r-][s-][b-])_([0-9a-f]{32}))_([\w-]{43})$/

function signedText({ id, scope, expires }: Omit<SignedIn, 'keyHash'>): string {
  const { remember, secure, below } = scope
  const flags = `${remember ? 'r' : '-'}${secure ? 's' : '-'}${below ? 'b' : '-'}`
  return `${expires.toString(36)}_${flags}_${id}`
}

const now = () => Math.floor(Date.now() / 1000)

const sessionExpired = () =>
  new HttpError(
    'SESSION_EXPIRED',
    'the session has ended: by time, because it was signed out, or because its key is no longer valid; sign in again (POST /session)',
  )
