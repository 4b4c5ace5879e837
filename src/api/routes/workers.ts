import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { throwUnavailable } from '../../jobs/queue/errors.js'
import { strictObject } from '../../spec/strict-object.js'
import { DrainMode } from '../../spec/worker.js'
import { WorkerListResponse, WorkerResponse } from '../schemas.js'

export interface WorkerRoutesDeps {
  jobs: Pick<Jobs, 'statistics'>
}

const params = Type.Object({ id: Type.String({ maxLength: 100, description: 'id of a worker' }) })

export const workerRoutes: FastifyPluginAsyncTypebox<WorkerRoutesDeps> = async (app, { jobs }) => {
  const tags = ['server']
  const { statistics } = jobs

  app.get(
    '/workers',
    {
      schema: {
        operationId: 'listWorkers',
        tags,
        summary: 'List the workers that are alive',
        description:
          'What each worker of each host reported at most 15 seconds ago: its slots, the jobs that they run, what its machine has, and versions.',
        problems: ['QUEUE_UNAVAILABLE'],
        response: {
          200: WorkerListResponse,
        },
      },
    },
    async () => {
      return { items: await statistics.workers().catch(throwUnavailable) }
    },
  )

  app.post(
    '/workers/:id/drain',
    {
      schema: {
        operationId: 'drainWorker',
        tags,
        summary: 'Let a worker take no more jobs',
        description:
          'Within seconds, the worker takes no more jobs, until `resume` or its end; a worker that starts takes jobs. ' +
          'Its running jobs save a checkpoint and go on at other workers, without losing a step. `GET /workers` says when it has none.',
        params,
        querystring: strictObject({
          running: Type.Optional({
            ...DrainMode,
            default: 'move',
            description:
              '`move`: its running jobs save a checkpoint and return to the queue; `finish`: they end here',
          }),
        }),
        problems: ['WORKER_NOT_FOUND', 'QUEUE_UNAVAILABLE'],
        response: { 202: WorkerResponse },
      },
    },
    async (request, reply) =>
      reply
        .code(202)
        .send(await statistics.askWorker(request.params.id, request.query.running ?? 'move')),
  )

  app.post(
    '/workers/:id/resume',
    {
      schema: {
        operationId: 'resumeWorker',
        tags,
        summary: 'Let a worker take jobs again',
        description: 'Ends what `drain` began, within seconds.',
        params,
        problems: ['WORKER_NOT_FOUND', 'QUEUE_UNAVAILABLE'],
        response: { 202: WorkerResponse },
      },
    },
    async (request, reply) =>
      reply.code(202).send(await statistics.askWorker(request.params.id, 'resume')),
  )
}
