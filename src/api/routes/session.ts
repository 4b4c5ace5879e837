import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Session, SignIn } from '../../spec/session.js'
import type { Sessions } from '../access/sessions.js'
import { signInExamples } from '../openapi/request-examples.js'
import { NoContent } from '../schemas.js'

export interface SessionRoutesDeps {
  sessions: Pick<Sessions, 'start' | 'describe' | 'end'>
}

const tags = ['server']

/** Signing in and out, for which no key in a header is needed. */
export const signInRoutes: FastifyPluginAsyncTypebox<SessionRoutesDeps> = async (
  app,
  { sessions },
) => {
  app.post(
    '/session',
    {
      bodyLimit: 4096,
      config: { secret: true },
      schema: {
        tags,
        operationId: 'signIn',
        summary: 'Sign in to a browser session',
        description:
          'For pages of this server. Sets a cookie that scripts cannot read, and that stands for the key in all ' +
          'other operations until it expires, DELETE /session, or the key is removed. A request that changes ' +
          'something then needs `Origin` or `Sec-Fetch-Site`, which browsers send, or the header ' +
          '`X-Trainyard-Session: 1`. Programs send the key itself.',
        security: [],
        problems: ['UNAUTHORIZED', 'SESSION_REFUSED', 'SIGN_IN_LIMITED'],
        requestExamples: signInExamples,
        responseHeaders: { 200: ['Set-Cookie'] },
        body: SignIn,
        response: { 200: Session },
      },
    },
    async (request, reply) => {
      const { key, remember = false } = request.body
      return reply.send(sessions.start(request, reply, key, remember))
    },
  )

  app.delete(
    '/session',
    {
      schema: {
        tags,
        operationId: 'signOut',
        summary: 'Sign out of a browser session',
        description:
          'Removes the cookie and ends the session, so that no copy of the cookie is valid any more. Done also if ' +
          'nobody is signed in.',
        security: [],
        problems: ['SESSION_REFUSED', 'STORAGE_FULL', 'STORAGE_FAILED', 'DAMAGED'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await sessions.end(request, reply)
      return reply.code(204).send(null)
    },
  )
}

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionRoutesDeps> = async (
  app,
  { sessions },
) => {
  app.get(
    '/session',
    {
      schema: {
        tags,
        operationId: 'getSession',
        summary: 'Tell who calls',
        description:
          'Who is signed in, and when the session ends if it is not used. Each use moves the end. Of a request with ' +
          'a key, whose key it is.',
        response: { 200: Session },
      },
    },
    async request => sessions.describe(request),
  )
}
