import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { closed } from '../../spec/closed.js'
import { defaulted } from '../../spec/defaulted.js'
import { eventStreamType, lastEventId, negotiateFormat } from '../http/content-negotiation.js'
import { eventStream } from '../http/event-stream.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { sendTar } from '../http/tar.js'
import { JobParam, MetricsResponse, tarResponse } from '../schemas.js'

export interface MetricRoutesDeps {
  jobs: Pick<Jobs, 'get' | 'telemetry'>
  limits: Limits
  /** Open streams would keep the server from closing. */
  closing: AbortSignal
}

const MetricsQuery = closed({
  names: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_./-]{1,64}(,[A-Za-z0-9_./-]{1,64}){0,63}$',
      description: 'names of metrics with commas between them, as in loss,accuracy',
    }),
  ),
  fromStep: Type.Optional(Type.Integer({ minimum: 0 })),
  toStep: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: defaulted(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'steps a page' }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: '^\\d{1,12}$', description: "the previous page's nextCursor" }),
  ),
  maxPoints: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 5000,
      description:
        'all steps in one answer, thinned to at most so many points a name. Points stay as they were ' +
        'measured. Of each name the first, the last, the minimum and the maximum are there, and so are ' +
        'the minimum and maximum of each of equally long runs of points, with the first NaN, Infinity ' +
        'and -Infinity of the run; these count like any other point',
    }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'ndjson', 'csv'], { description: 'instead of an Accept header' }),
  ),
})

const mediaTypes = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  stream: eventStreamType,
}

export const metricRoutes: FastifyPluginAsyncTypebox<MetricRoutesDeps> = async (app, deps) => {
  const { jobs, closing } = deps
  const { telemetry } = jobs
  const { heartbeatMs } = deps.limits
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam })

  app.get(
    '/jobs/:id/metrics',
    {
      schema: {
        tags,
        summary: 'Read, draw, export or follow what a job measures',
        description:
          'JSON in pages, or with `maxPoints` as few points as a chart needs. ' +
          '`Accept: application/x-ndjson` or `text/csv` (or `format`) exports all rows, whatever their ' +
          'number; CSV has a column for each name, empty where a row did not measure it. ' +
          'With `Accept: text/event-stream` the history comes first, then each point as it is measured: ' +
          'events `metrics` (one row: step, time, values) and `job` (the job, when its state changes, and ' +
          'last of all when it has ended). `Last-Event-ID` goes on where a stream broke off.',
        params,
        querystring: MetricsQuery,
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of points, all rows, or the stream',
            content: {
              [mediaTypes.json]: { schema: MetricsResponse },
              [mediaTypes.ndjson]: { schema: Type.String() },
              [mediaTypes.csv]: { schema: Type.String() },
              [mediaTypes.stream]: { schema: Type.String() },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { names, limit, cursor, maxPoints, format, ...range } = request.query
      const query = { ...range, ...(names && { names: names.split(',') }) }
      const responseFormat = negotiateFormat(request, format, mediaTypes)
      if (responseFormat === 'stream') {
        await jobs.get(id)
        const after = lastEventId(request)
        const feed = (signal: AbortSignal) =>
          telemetry.streamMetrics(id, { signal, ...(after && { after }) })
        return reply.type(eventStreamType).send(eventStream(feed, { heartbeatMs, closing }))
      }
      if (responseFormat !== 'json') {
        const rows = await telemetry[responseFormat](id, query)
        return reply
          .type(mediaTypes[responseFormat])
          .header('content-disposition', `attachment; filename="${id}-metrics.${responseFormat}"`)
          .send(Readable.from(rows))
      }
      if (maxPoints === undefined) {
        return telemetry.metrics(id, { limit, ...query, ...(cursor && { cursor }) })
      }
      if (cursor) throw cursorAndMaxPointsConflict()
      return telemetry.chart(id, { ...query, maxPoints })
    },
  )

  app.get(
    '/jobs/:id/events',
    {
      schema: {
        tags,
        summary: "Follow a job's state and progress",
        description:
          'Server-sent events: `job` (the job, at once, when its state changes, and when it has ended) and ' +
          '`progress` (step, steps, fraction, etaSeconds, and the latest metrics) in between. A slow reader ' +
          'hears the newest progress only; for every row follow the metrics.',
        params,
        response: {
          200: Type.Unsafe<unknown>({
            description: 'the stream',
            content: { [eventStreamType]: { schema: Type.String() } },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      await jobs.get(id)
      const feed = (signal: AbortSignal) => telemetry.streamStatus(id, signal)
      return reply.type(eventStreamType).send(eventStream(feed, { heartbeatMs, closing }))
    },
  )

  app.get(
    '/jobs/:id/tensorboard',
    {
      schema: {
        tags,
        summary: "Download a job's TensorBoard files as a tar",
        description:
          '`tensorboard --logdir FOLDER` shows one run, whatever the number of attempts.',
        params,
        response: {
          200: tarResponse('event files in a folder named like the job'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const files = await telemetry.eventFiles(id)
      return sendTar(reply, `${id}-tensorboard`, { ...files, root: id })
    },
  )
}

const cursorAndMaxPointsConflict = () =>
  new HttpError('INVALID_REQUEST', 'cursor and maxPoints exclude each other', {
    errors: [{ path: '/cursor', code: 'invalid', message: 'maxPoints answers all steps at once' }],
  })
