import type { FastifyRequest } from 'fastify'
import { quoteTruncated } from '../../errors.js'
import { HttpError } from '../http/http-error.js'
import { isOwnOrigin, isPageView } from './request-origin.js'

/** Pages of other origins need a permission to set it, which they never get for a session. */
export const sessionHeader = 'x-trainyard-session'

/**
 * A browser adds the cookie of a session to a request, whichever page makes it. Throws SESSION_REFUSED unless the
 * request is from a page of this server: SameSite=Strict lets pages of other ports and subdomains pass, and not all
 * browsers tell where a request is from. What only reads may also be opened by a link or an address.
 */
export function requireOwnPage(request: FastifyRequest, publicUrl: string | null): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && !isOwnOrigin(request, origin, publicUrl)) {
    throw refused(
      `a page of ${quoteTruncated(origin)} sends the cookie of a session, which is for pages of this server; let it send a key in Authorization: Bearer KEY`,
    )
  }
  if (isPageView(request)) return
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw refused(
      `a page of another address (Sec-Fetch-Site: ${quoteTruncated(site)}) sends the cookie of a session, which is for pages of this server; let it send a key in Authorization: Bearer KEY`,
    )
  }
  if (request.method === 'GET' || request.method === 'HEAD') return
  if (origin !== undefined || site === 'same-origin') return
  if (request.headers[sessionHeader] === '1') return
  throw refused(
    'nothing shows that a page of this server sends the request; send the header X-Trainyard-Session: 1, or in place of a session a key in Authorization: Bearer KEY',
  )
}

const refused = (message: string) => new HttpError('SESSION_REFUSED', message)
