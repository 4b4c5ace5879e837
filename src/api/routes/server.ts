import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { Predictor } from '../../models/predictor-client.js'
import type { DiskSpace } from '../../store/disk-space.js'

export interface ServerRoutesDeps {
  jobs: Pick<Jobs, 'ready'>
  predictor: Pick<Predictor, 'ready'>
  disk: Pick<DiskSpace, 'status'>
}

const okStatus = (description: string) =>
  Type.Object({ status: Type.Enum(['ok']) }, { description })

export const serverRoutes: FastifyPluginAsyncTypebox<ServerRoutesDeps> = async (
  app,
  { jobs, predictor, disk },
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
        response: { 200: okStatus('Redis and the predictor answer, and the disk takes writes') },
      },
    },
    async () => {
      const [redisReady, { problem }] = await Promise.all([jobs.ready(), disk.status()])
      const unanswered = [
        // a Redis that cannot write refuses to answer
        ...(redisReady || problem !== null ? [] : ['Redis']),
        ...(predictor.ready() ? [] : ['the predictor']),
      ]
      const problems = [
        ...(problem === null ? [] : [problem]),
        ...(unanswered.length === 0 ? [] : [`no answer from ${unanswered.join(' and ')}`]),
      ]
      if (problems.length > 0) {
        throw new TrainyardError('NOT_READY', `not ready: ${problems.join('; ')}`)
      }
      return { status: 'ok' as const }
    },
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
