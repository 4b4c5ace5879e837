import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import { isNotReady } from '../../spec/readiness.js'
import { strictObject } from '../../spec/strict-object.js'
import { completeDocument, type UnfinishedDocument } from '../openapi/document.js'
import { checkReadiness, type ReadinessDeps } from '../readiness.js'
import { ReadinessResponse } from '../schemas.js'

export type ServerRoutesDeps = ReadinessDeps

const okStatus = (description: string) =>
  Type.Object({ status: Type.Enum(['ok']) }, { description })

export const serverRoutes: FastifyPluginAsyncTypebox<ServerRoutesDeps> = async (app, deps) => {
  const tags = ['server']
  const security: [] = []

  app.get(
    '/healthz',
    {
      schema: {
        tags,
        security,
        operationId: 'getHealth',
        summary: 'Liveness probe',
        description:
          'Answers as long as the process runs. To learn whether it can work, ask `GET /readyz`.',
        response: { 200: okStatus('the process is up') },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        security,
        operationId: 'getReadiness',
        summary: 'Readiness probe',
        description:
          'Answers 503 if Redis or the predictor does not answer, or the disk of the data folder takes no writes. Without a worker it answers 200 and `degraded`, since jobs are accepted and wait; `require=worker` makes that 503, too.',
        querystring: strictObject({
          require: Type.Optional(
            Type.Enum(['worker'], { description: 'what must also be there for a 200' }),
          ),
        }),
        problems: ['NOT_READY'],
        response: {
          200: ReadinessResponse,
        },
      },
    },
    async request => {
      const checks = await checkReadiness(deps, request.query.require === 'worker')
      const failed = checks.filter(isNotReady)
      if (failed.length > 0) {
        const details = failed.map(({ detail }) => detail).join('; ')
        throw new TrainyardError('NOT_READY', `not ready: ${details}`)
      }
      const isDegraded = checks.some(({ status }) => status === 'warning')
      return { status: isDegraded ? ('degraded' as const) : ('ok' as const), checks }
    },
  )

  let openapi: Promise<string> | undefined
  const writeOpenapi = async () =>
    JSON.stringify(await completeDocument(app.swagger() as unknown as UnfinishedDocument))
  app.get(
    '/openapi.json',
    { config: { etag: true }, schema: { hide: true, security } },
    async (_request, reply) => {
      openapi ??= writeOpenapi()
      return reply.type('application/json; charset=utf-8').send(await openapi)
    },
  )
}
