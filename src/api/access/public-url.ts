import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TrainyardError } from '../../errors.js'

/**
 * Lets the server work at its public URL: `Location` names it, and its path may stay in what a proxy passes on, or
 * not. Throws INVALID_CONFIGURATION if the path begins like a route.
 */
export function servePublicUrl(app: FastifyInstance, publicUrl: string | null): void {
  if (publicUrl === null) return
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const location = reply.getHeader('location')
    if (typeof location === 'string' && location.startsWith('/')) {
      reply.header('location', publicUrl + location)
    }
    done()
  })
  const prefix = pathOf(publicUrl)
  if (prefix === '') return
  const firstSegment = prefix.split('/')[1]
  app.addHook('onRoute', ({ url }) => {
    if (url.split('/')[1] === firstSegment) throw prefixIsRoute(publicUrl, `/${firstSegment}`)
  })
  // before routing; Fastify's own rewriteUrl logs whole URLs, which may have secrets in their query
  app.server.prependListener('request', (request: IncomingMessage) => {
    const { url = '' } = request
    const rest = url.startsWith(prefix) ? url.slice(prefix.length) : null
    if (rest === null || !/^(\/|\?|$)/.test(rest)) return
    request.url = rest.startsWith('/') ? rest : `/${rest}`
  })
}

/** The path of a public URL, without a slash at the end: '' if there is none. */
export const pathOf = (publicUrl: string | null): string =>
  publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')

/** The address at which a client can reach the server, without a slash at the end. */
export const addressFor = (request: FastifyRequest, publicUrl: string | null): string =>
  publicUrl ?? `${request.protocol}://${request.host}`

/** For the OpenAPI document: the public URL first, so that generated clients call it. */
export const serversOf = (publicUrl: string): { url: string; description: string }[] => [
  { url: publicUrl, description: 'the public address of this server' },
  { url: '/', description: 'the address of this document' },
]

const prefixIsRoute = (publicUrl: string, path: string) =>
  new TrainyardError(
    'INVALID_CONFIGURATION',
    `TRAINYARD_PUBLIC_URL is '${publicUrl}', but the API itself has paths below ${path}; choose another one, such as /trainyard`,
  )
