import type { FastifyReply, FastifyRequest } from 'fastify'
import { quoteTruncated } from '../../errors.js'
import { HttpError } from '../http/http-error.js'
import { type AccessSettings, originMatcher } from './access-settings.js'
import { isOwnOrigin, isPageView } from './request-origin.js'

/**
 * A hook that protects a server from web pages in its users' browsers: the Host header shows DNS rebinding, and
 * Origin and Sec-Fetch-Site show cross-site requests. What a refusal needs to know is logged once for each value:
 * a page cannot read the answer.
 */
export function checkHostAndOrigin(settings: AccessSettings) {
  const isAllowedHost = hostMatcher(settings)
  const isAllowedOrigin = originMatcher(settings)
  const publicOrigin = settings.publicUrl && new URL(settings.publicUrl).origin
  const refuse = onceLogged()
  return (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    const { host = '', origin } = request.headers
    // a rebound page can set X-Forwarded-Host, so it is checked in addition
    for (const each of host === request.host ? [host] : [host, request.host]) {
      if (!isAllowedHost(each)) throw refuse(request, hostRefused(each))
    }
    const isCrossSite = request.headers['sec-fetch-site'] === 'cross-site'
    if (origin === undefined) {
      if (isCrossSite && !isPageView(request)) throw refuse(request, embeddingRefused())
    } else if (!isAllowedOrigin(origin) && origin.toLowerCase() !== publicOrigin) {
      const isOwn = isOwnOrigin(request, origin, null)
      if (!isOwn || isCrossSite) throw refuse(request, originRefused(request, origin))
    }
    done()
  }
}

function hostMatcher({ allowedHosts, publicUrl }: AccessSettings): (host: string) => boolean {
  if (allowedHosts.includes('*')) return () => true
  const names = new Set(allowedHosts.map(host => host.toLowerCase()))
  if (publicUrl) names.add(new URL(publicUrl).hostname)
  const suffixes = [...names].filter(name => name.startsWith('*.')).map(name => name.slice(1))
  return host => {
    const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
    return (
      loopbackName.test(name) || names.has(name) || suffixes.some(suffix => name.endsWith(suffix))
    )
  }
}

const loopbackName = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

function hostRefused(host: string) {
  const name = host.replace(/:\d{1,5}$/, '')
  const told = `the request is for the host ${quoteTruncated(name)}, which this server does not know`
  const cure = /^([\w.-]{1,253}|\[[\da-f:.]+\])$/i.test(name)
    ? `; if the name leads here, for example by a proxy, start the server with it in TRAINYARD_ALLOWED_HOSTS: TRAINYARD_ALLOWED_HOSTS=${name}`
    : ''
  return new HttpError('HOST_REFUSED', told + cure)
}

function originRefused({ headers }: FastifyRequest, origin: string) {
  const told = `a page of ${quoteTruncated(origin)} calls this server, which does not know that origin`
  if (!/^https?:\/\/[\w.:[\]-]{1,260}$/i.test(origin)) {
    const message = `${told}; serve the page by http or https, and start the server with its address in TRAINYARD_CORS_ORIGINS`
    return new HttpError('ORIGIN_REFUSED', message)
  }
  const ownAddress = `TRAINYARD_PUBLIC_URL=${origin}`
  // the browser says that the page is this server's own, so a proxy has changed the host
  if (headers['sec-fetch-site'] === 'same-origin') {
    const message = `${told}: a proxy changes the Host header; start the server with ${ownAddress}`
    return new HttpError('ORIGIN_REFUSED', message)
  }
  const message = `${told}; to let its pages call the API, start the server with TRAINYARD_CORS_ORIGINS=${origin}; if a proxy serves this API there, with ${ownAddress}`
  return new HttpError('ORIGIN_REFUSED', message)
}

const embeddingRefused = () =>
  new HttpError(
    'ORIGIN_REFUSED',
    "a page of another site embeds this address; let the page fetch it, and start the server with the page's origin in TRAINYARD_CORS_ORIGINS",
  )

/** Clients choose the values, so they are counted. */
const maxLogged = 100

function onceLogged() {
  const logged = new Set<string>()
  return (request: FastifyRequest, error: HttpError) => {
    if (logged.size < maxLogged && !logged.has(error.message)) {
      logged.add(error.message)
      request.log.warn({ code: error.code }, error.message)
    }
    return error
  }
}
