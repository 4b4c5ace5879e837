import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { eventStream } from '../event-stream.js'
import type { Limits } from '../limits.js'
import { JobParam, MetricsAnswer } from '../schemas.js'

interface Parts {
  jobs: Pick<Jobs, 'get' | 'metrics' | 'follow'>
  limits: Limits
  /** Open streams would keep the server from closing. */
  closing: AbortSignal
}

const MetricsQuery = Type.Object(
  {
    names: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_./-]{1,64}(,[A-Za-z0-9_./-]{1,64}){0,63}$',
        description: 'names of metrics with commas between them, as in loss,accuracy',
      }),
    ),
    fromStep: Type.Optional(Type.Integer({ minimum: 0 })),
    toStep: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'steps a page' }),
    ),
    cursor: Type.Optional(
      Type.String({ pattern: '^\\d{1,12}$', description: "the previous page's nextCursor" }),
    ),
  },
  { additionalProperties: false },
)

const streamType = 'text/event-stream'

export const metricRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, parts) => {
  const { jobs, closing } = parts
  const { heartbeatMs } = parts.limits
  app.get(
    '/jobs/:id/metrics',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Read or follow what a job measures',
        description:
          'With `Accept: text/event-stream` the history comes first, then each point as it is measured: ' +
          'events `metrics` (one row: step, time, values) and `job` (the job, when its state changes, and ' +
          'last of all when it has ended). `Last-Event-ID` goes on where a stream broke off.',
        params: Type.Object({ id: JobParam }),
        querystring: MetricsQuery,
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of points, or the stream',
            content: {
              'application/json': { schema: MetricsAnswer },
              [streamType]: { schema: Type.String() },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      if (request.headers.accept?.includes(streamType)) {
        await jobs.get(id)
        const after = request.headers['last-event-id']
        const feed = (signal: AbortSignal) =>
          jobs.follow(id, { signal, ...(typeof after === 'string' && { after }) })
        const stream = eventStream(feed, { heartbeatMs, closing })
        return reply.type(streamType).send(stream)
      }
      const { names, limit = 1000, ...range } = request.query
      return jobs.metrics(id, { limit, ...range, ...(names && { names: names.split(',') }) })
    },
  )
}
