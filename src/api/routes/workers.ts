import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { throwUnavailable } from '../../jobs/queue/errors.js'
import { WorkerListResponse } from '../schemas.js'

export interface WorkerRoutesDeps {
  jobs: Pick<Jobs, 'statistics'>
}

export const workerRoutes: FastifyPluginAsyncTypebox<WorkerRoutesDeps> = async (app, { jobs }) => {
  app.get(
    '/workers',
    {
      schema: {
        operationId: 'listWorkers',
        tags: ['server'],
        summary: 'List the workers that are alive',
        description:
          'What each worker of each host reported at most 15 seconds ago: its slots, the jobs that they run, memory and GPUs.',
        problems: ['QUEUE_UNAVAILABLE'],
        response: {
          200: WorkerListResponse,
        },
      },
    },
    async () => {
      return { items: await jobs.statistics.workers().catch(throwUnavailable) }
    },
  )
}
