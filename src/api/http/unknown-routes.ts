import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TrainyardError, truncate } from '../../errors.js'
import { HttpError } from './http-error.js'

/** Answers requests that match no route: 405 with Allow if the path has other methods, else 404. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  const routes: { methods: string[]; path: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`)
    routes.push({ methods: [method].flat(), path })
  })
  app.setNotFoundHandler((request: FastifyRequest) => {
    const path = request.url.split('?')[0]!
    const allow = routes.filter(route => route.path.test(path)).flatMap(({ methods }) => methods)
    if (allow.length === 0)
      throw new TrainyardError(
        'NOT_FOUND',
        `no route matches ${request.method} ${truncate(path, 100)}`,
      )
    const message = `${request.method} is not allowed here, only ${allow.join(' and ')}`
    throw new HttpError('METHOD_NOT_ALLOWED', message, {
      headers: { allow: allow.join(', ') },
    })
  })
}
