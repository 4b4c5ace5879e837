import type { FastifyReply, FastifyRequest } from 'fastify'
import { addressFor, pathOf } from './public-url.js'

/** How a browser keeps the cookie. It is renewed and removed with the same attributes, so its value names them. */
export interface CookieScope {
  /** Beyond the end of the browser. */
  remember: boolean
  secure: boolean
  /** For the path of the public URL, and not for the whole host. */
  below: boolean
}

export const cookieBaseName = 'trainyard_session'

/** Browsers send cookies to all ports of a host: two servers on one machine would sign each other out. */
export function cookieName(request: FastifyRequest): string {
  const [, port] = /:(\d{1,5})$/.exec(request.host) ?? []
  return port ? `${cookieBaseName}_${port}` : cookieBaseName
}

/** The scope for the page that signs in: it may be at the public URL, or at an address beside it, such as localhost. */
export function scopeFor(
  request: FastifyRequest,
  publicUrl: string | null,
  remember: boolean,
): CookieScope {
  const { origin } = request.headers
  const page = origin ?? addressFor(request, publicUrl)
  const isPublic = publicUrl !== null && new URL(page).origin === new URL(publicUrl).origin
  return { remember, secure: page.startsWith('https:'), below: isPublic }
}

/** `seconds`: how long the value is valid; 0 removes the cookie. */
export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string | null,
  { value, scope, seconds }: { value: string; scope: CookieScope; seconds: number },
): void {
  const attributes = [
    `${cookieName(request)}=${value}`,
    `Path=${(scope.below && pathOf(publicUrl)) || '/'}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(scope.secure ? ['Secure'] : []),
    ...(scope.remember || seconds === 0 ? [`Max-Age=${seconds}`] : []),
  ]
  reply.header('set-cookie', attributes.join('; '))
}

/** More of one name are not looked at. */
const maxCookies = 8

/**
 * The values of the session's cookie in a request. There may be several: a browser also sends those of a path
 * above, and those that a subdomain has set.
 */
export function sessionCookies(request: FastifyRequest): string[] {
  const start = `${cookieName(request)}=`
  return (request.headers.cookie ?? '')
    .split(';')
    .map(each => each.trim())
    .filter(each => each.startsWith(start))
    .slice(0, maxCookies)
    .map(each => each.slice(start.length))
}
