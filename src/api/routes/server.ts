import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { Predictor } from '../../models/predictor-client.js'

export interface ServerRoutesDeps {
  jobs: Pick<Jobs, 'ready'>
  predictor: Pick<Predictor, 'ready'>
}

const okStatus = (description: string) =>
  Type.Object({ status: Type.Enum(['ok']) }, { description })

export const serverRoutes: FastifyPluginAsyncTypebox<ServerRoutesDeps> = async (
  app,
  { jobs, predictor },
) => {
  const tags = ['server']
  const security: [] = []

  app.get(
    '/healthz',
    {
      schema: {
        tags,
        security,
        summary: 'Liveness probe',
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
        summary: 'Readiness probe',
        problems: ['NOT_READY'],
        response: { 200: okStatus('Redis and the predictor answer') },
      },
    },
    async () => {
      const unavailable = [
        ...((await jobs.ready()) ? [] : ['Redis']),
        ...(predictor.ready() ? [] : ['the predictor']),
      ]
      if (unavailable.length > 0) {
        throw new TrainyardError(
          'NOT_READY',
          `not ready: no answer from ${unavailable.join(' and ')}`,
        )
      }
      return { status: 'ok' as const }
    },
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
