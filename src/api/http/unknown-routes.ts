import type { FastifyInstance } from 'fastify'
import { TrainyardError, truncate } from '../../errors.js'
import { HttpError } from './http-error.js'

/** A parameter, which has a pattern of its own if a colon ends it, or an escaped colon. */
const parameter = /::|:\w+(?:\([^)]*\))?/g
const toPattern = (found: string): string =>
  found === '::' ? ':' : found.endsWith(')') ? '[^/:]+' : '[^/]+'

/** Returns the error of a request that matches no route. */
export type UnknownRouteError = (method: string, url: string) => TrainyardError

/**
 * Answers requests that match no route, before their body is read: 405 with Allow if the path has other
 * methods, else 404.
 */
export function refuseUnknownRoutes(app: FastifyInstance): UnknownRouteError {
  const routes: { methods: string[]; url: string; path: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replaceAll('.', '\\.').replace(parameter, toPattern)}$`)
    routes.push({ methods: [method].flat(), url, path })
  })
  const unknownRoute: UnknownRouteError = (method, url) => {
    const path = url.split('?', 1)[0]!
    // /jobs/cancel is no job, though it has the form of /jobs/:id
    const named = routes.filter(({ url }) => url === path)
    const matching = named.length > 0 ? named : routes.filter(route => route.path.test(path))
    const allow = matching.flatMap(({ methods }) => methods)
    if (allow.length === 0) {
      const message = `no route matches ${truncate(method)} ${truncate(path, 100)}`
      return new TrainyardError('NOT_FOUND', message)
    }
    const message = `${truncate(method)} is not allowed here, only ${allow.join(' and ')}`
    return new HttpError('METHOD_NOT_ALLOWED', message, { headers: { allow: allow.join(', ') } })
  }
  app.addHook('onRequest', ({ is404, method, url }, _reply, done) => {
    if (is404) throw unknownRoute(method, url)
    done()
  })
  return unknownRoute
}
