import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { closed } from '../../spec/closed.js'
import { JobRequest } from '../../spec/job.js'
import {
  CancelledJobs,
  IdempotencyKey,
  JobListQuery,
  JobSelection,
} from '../../spec/job-queries.js'
import { page } from '../../spec/paging.js'
import { callerIdOf } from '../http/api-keys.js'
import { JobParam, JobPlanResponse, JobResponse, NoContent } from '../schemas.js'

export interface JobRoutesDeps {
  jobs: Pick<Jobs, 'submit' | 'dryRun' | 'get' | 'list' | 'performAction' | 'cancelAll' | 'remove'>
}

export const jobRoutes: FastifyPluginAsyncTypebox<JobRoutesDeps> = async (app, { jobs }) => {
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam })

  app.post(
    '/jobs',
    {
      schema: {
        tags,
        summary: 'Submit a training job',
        description:
          'It is stored durably before the answer, and survives any restart. The same Idempotency-Key with the same body gives the same job again, for at least 24 hours.',
        headers: Type.Object({ 'idempotency-key': Type.Optional(IdempotencyKey) }),
        querystring: closed({
          dryRun: Type.Optional(
            Type.Boolean({ description: 'say what the job would be, and keep nothing' }),
          ),
        }),
        body: JobRequest,
        response: { 200: JobPlanResponse, 202: JobResponse },
      },
    },
    async (request, reply) => {
      if (request.query.dryRun) return reply.send(await jobs.dryRun(request.body))
      const key = request.headers['idempotency-key']
      const caller = key === undefined ? undefined : { id: callerIdOf(request), key }
      const { job, replayed } = await jobs.submit(request.body, caller)
      if (replayed) reply.header('idempotency-replayed', 'true')
      return reply.code(202).header('location', `/jobs/${job.id}`).send(job)
    },
  )

  app.get(
    '/jobs',
    {
      schema: {
        tags,
        summary: 'List jobs, newest first',
        description: 'Every condition that is given holds. Status and label may be repeated.',
        querystring: JobListQuery,
        response: { 200: page(JobResponse) },
      },
      preValidation: splitLists('status', 'label'),
    },
    request => {
      const { label: labels, ...query } = request.query
      return jobs.list({ ...query, ...(labels && { labels }) })
    },
  )

  app.get(
    '/jobs/:id',
    { schema: { tags, summary: 'Read a job', params, response: { 200: JobResponse } } },
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

  for (const [verb, summary, description] of actions) {
    app.post(
      `/jobs/:id/${verb}`,
      { schema: { tags, summary, description, params, response: { 202: JobResponse } } },
      async (request, reply) =>
        reply.code(202).send(await jobs.performAction(request.params.id, verb)),
    )
  }

  app.post(
    '/jobs/cancel',
    {
      schema: {
        tags,
        summary: 'Cancel all jobs that a filter finds',
        description: 'Those that have ended stay as they are. At least one condition is needed.',
        body: JobSelection,
        response: { 202: CancelledJobs },
      },
    },
    async (request, reply) => {
      const { labels, ...filter } = request.body
      const labelFilters = Object.entries(labels ?? {}).map(([key, value]) => `${key}:${value}`)
      const result = await jobs.cancelAll({ ...filter, ...(labels && { labels: labelFilters }) })
      return reply
        .code(202)
        .send({ count: result.cancelled.length + result.cancelling.length, ...result })
    },
  )
}

/** Which verbs a status allows: docs/jobs.md, by the table in src/jobs/states.ts. */
const actions = [
  [
    'pause',
    'Let a job make room',
    'A queued job leaves the queue; a running one makes a checkpoint first. 409 when it has ended.',
  ],
  [
    'resume',
    'Let a paused job go on',
    'It goes back to the queue, and on from its last checkpoint. 409 when it has ended.',
  ],
  [
    'cancel',
    'Ask a job to end',
    'A running job ends after a last checkpoint, or is killed where a step takes long. 409 when it has succeeded or failed.',
  ],
  [
    'retry',
    'Try a failed or cancelled job again',
    'It goes back to the queue, and on from its last checkpoint. 409 in every other status.',
  ],
] as const

/** A query has text where a name comes once; `a,b` is two. */
const splitLists =
  (...names: string[]) =>
  async (request: { query: unknown }) => {
    const query = request.query as Record<string, string | string[] | undefined>
    for (const name of names) {
      const raw = query[name]
      if (raw !== undefined) query[name] = [raw].flat().flatMap(text => text.split(','))
    }
  }
