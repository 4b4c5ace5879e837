import type { FastifyRequest } from 'fastify'
import { HttpError } from './http-error.js'

/**
 * A hook that protects a server on a user's machine from web pages in that user's browser: the Host
 * header shows DNS rebinding, and Origin and Sec-Fetch-Site show cross-site requests.
 */
export const checkHostAndOrigin =
  (allowedHosts: 'loopback' | 'any') => async (request: FastifyRequest) => {
    const { host = '', origin } = request.headers
    if (allowedHosts === 'loopback' && !isLoopback(host)) {
      throw new HttpError('HOST_REFUSED', 'this server only answers requests to localhost')
    }
    const crossOrigin = origin !== undefined && hostOf(origin) !== host.toLowerCase()
    if (crossOrigin || request.headers['sec-fetch-site'] === 'cross-site') {
      throw new HttpError('ORIGIN_REFUSED', 'this server does not answer web pages of other sites')
    }
  }

const isLoopback = (host: string) =>
  /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host)

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : null)
