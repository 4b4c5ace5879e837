import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import { isNotReady } from '../../spec/readiness.js'
import { checkReadiness, type ReadinessDeps } from '../readiness.js'

/** Probes of the Open Inference Protocol, without a key like the server's own. */
export const inferHealthRoutes: FastifyPluginAsyncTypebox<ReadinessDeps> = async (app, deps) => {
  const tags = ['inference']
  const security: [] = []

  app.get(
    '/v2/health/live',
    {
      schema: {
        tags,
        security,
        operationId: 'inferServerLive',
        summary: 'Liveness probe of the Open Inference Protocol',
        description: 'Answers as long as the process runs, as `GET /healthz`.',
        response: { 200: Type.Object({ live: Type.Boolean() }, { description: 'it runs' }) },
      },
    },
    async () => ({ live: true }),
  )

  app.get(
    '/v2/health/ready',
    {
      schema: {
        tags,
        security,
        operationId: 'inferServerReady',
        summary: 'Readiness probe of the Open Inference Protocol',
        description: 'Answers 503 if the server cannot predict, as `GET /readyz`.',
        problems: ['NOT_READY'],
        response: { 200: Type.Object({ ready: Type.Boolean() }, { description: 'it predicts' }) },
      },
    },
    async () => {
      const checks = await checkReadiness(deps, false)
      const failed = checks.filter(isNotReady)
      if (failed.length === 0) return { ready: true }
      const details = failed.map(({ detail }) => detail).join('; ')
      throw new TrainyardError('NOT_READY', `not ready: ${details}`)
    },
  )
}
