import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { Predictor } from '../../models/predictor-client.js'

export interface ServerRoutesDeps {
  jobs: Pick<Jobs, 'ready'>
  predictor: Pick<Predictor, 'ready'>
}

const OkStatus = Type.Object({ status: Type.Enum(['ok']) }, { description: 'it does' })

export const serverRoutes: FastifyPluginAsyncTypebox<ServerRoutesDeps> = async (
  app,
  { jobs, predictor },
) => {
  const tags = ['server']
  const security: [] = []

  app.get(
    '/healthz',
    {
      schema: { tags, security, summary: 'Whether the process lives', response: { 200: OkStatus } },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        security,
        summary: 'Whether Redis and the predictor answer',
        response: { 200: OkStatus },
      },
    },
    async () => {
      const unavailable = [
        ...((await jobs.ready()) ? [] : ['Redis']),
        ...(predictor.ready() ? [] : ['the predictor']),
      ]
      if (unavailable.length > 0) {
        throw new TrainyardError('NOT_READY', `no answer from ${unavailable.join(' and ')}`)
      }
      return { status: 'ok' as const }
    },
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
