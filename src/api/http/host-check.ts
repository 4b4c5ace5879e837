import type { FastifyRequest } from 'fastify'
import { HttpError } from './http-error.js'

/**
 * A hook against web pages that reach for a server on their visitor's machine: by DNS rebinding, which
 * the Host header gives away, or straight across sites, which the browser says.
 */
export const checkHostAndOrigin =
  (allowedHosts: 'loopback' | 'any') => async (request: FastifyRequest) => {
    const { host = '', origin } = request.headers
    if (allowedHosts === 'loopback' && !isLoopback(host)) {
      throw new HttpError('HOST_REFUSED', 'this server answers to localhost only')
    }
    const crossOrigin = origin !== undefined && hostOf(origin) !== host.toLowerCase()
    if (crossOrigin || request.headers['sec-fetch-site'] === 'cross-site') {
      throw new HttpError('ORIGIN_REFUSED', 'this server does not answer pages of other sites')
    }
  }

const isLoopback = (host: string) =>
  /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host)

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : null)
