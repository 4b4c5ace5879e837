import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { JobRequest } from '../../spec/job.js'
import { PageQuery, page } from '../../spec/paging.js'
import { JobAnswer, JobParam, NoContent } from '../schemas.js'

interface Parts {
  jobs: Pick<Jobs, 'submit' | 'get' | 'list' | 'cancel' | 'remove'>
}

export const jobRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { jobs }) => {
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam })

  app.post(
    '/jobs',
    {
      schema: {
        tags,
        summary: 'Submit a training job',
        description: 'It is stored durably before the answer, and survives any restart.',
        body: JobRequest,
        response: { 202: JobAnswer },
      },
    },
    async (request, reply) => {
      const job = await jobs.submit(request.body)
      return reply.code(202).header('location', `/jobs/${job.id}`).send(job)
    },
  )

  app.get(
    '/jobs',
    {
      schema: {
        tags,
        summary: 'List jobs, newest first',
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: page(JobAnswer) },
      },
    },
    request => jobs.list({ limit: 50, ...request.query }),
  )

  app.get(
    '/jobs/:id',
    { schema: { tags, summary: 'Read a job', params, response: { 200: JobAnswer } } },
    request => jobs.get(request.params.id),
  )

  app.delete(
    '/jobs/:id',
    {
      schema: {
        tags,
        summary: 'Remove a job that has ended, its metrics and checkpoints',
        description: 'The model that it made stays. 409 while the job is queued or running.',
        params,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await jobs.remove(request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/jobs/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Ask a job to end',
        description: 'A running job ends after a last checkpoint. 409 when it has ended already.',
        params,
        response: { 202: JobAnswer },
      },
    },
    async (request, reply) => reply.code(202).send(await jobs.cancel(request.params.id)),
  )
}
