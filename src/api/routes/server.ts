import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { Predictor } from '../../models/predictor-client.js'

interface Parts {
  jobs: Pick<Jobs, 'ready'>
  predictor: Pick<Predictor, 'ready'>
}

const Fine = Type.Object({ status: Type.Enum(['ok']) }, { description: 'it does' })

export const serverRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { jobs, predictor }) => {
  const tags = ['server']
  const security: [] = []

  app.get(
    '/healthz',
    { schema: { tags, security, summary: 'Whether the process lives', response: { 200: Fine } } },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        security,
        summary: 'Whether Redis and the predictor answer',
        response: { 200: Fine },
      },
    },
    async () => {
      const away = [
        ...((await jobs.ready()) ? [] : ['Redis']),
        ...(predictor.ready() ? [] : ['the predictor']),
      ]
      if (away.length > 0) {
        throw new TrainyardError('NOT_READY', 'unavailable', `no answer from ${away.join(' and ')}`)
      }
      return { status: 'ok' as const }
    },
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
