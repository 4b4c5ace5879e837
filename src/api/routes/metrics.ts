import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import pLimit from 'p-limit'
import { type TString, Type } from 'typebox'
import { invalidCursor, isMissing } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { ChartQuery } from '../../jobs/telemetry/metrics-chart.js'
import { JobId } from '../../spec/identifiers.js'
import { JobMetrics } from '../../spec/metrics.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { page } from '../../spec/paging.js'
import { JobEvent, MetricsEvent, ProgressEvent } from '../../spec/stream-events.js'
import { strictObject } from '../../spec/strict-object.js'
import { keyOrTicket } from '../access/stream-tickets.js'
import { eventStreamType, lastEventId, negotiateFormat } from '../http/content-negotiation.js'
import type { EventStreams } from '../http/event-stream.js'
import { queryConflict } from '../http/http-error.js'
import { sendSerialized } from '../http/list-answer.js'
import { splitLists } from '../http/split-lists.js'
import { sendTar } from '../http/tar.js'
import { eventStream, JobParam, MetricsResponse, tarResponse } from '../schemas.js'

export interface MetricRoutesDeps {
  jobs: Pick<Jobs, 'telemetry'>
  eventStreams: EventStreams
}

const Step = Type.Integer({ minimum: 0, maximum: 2 ** 40 })

const MetricsQuery = strictObject({
  names: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_./-]{1,64}(,[A-Za-z0-9_./-]{1,64}){0,63}$',
      description: 'names of metrics, separated by commas, such as loss,accuracy',
    }),
  ),
  fromStep: Type.Optional(Step),
  toStep: Type.Optional(Step),
  limit: optionalWithDefault(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'steps in a page' }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: '^\\d{1,12}$', description: "the previous page's nextCursor" }),
  ),
  maxPoints: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 5000,
      description:
        'all steps at once, downsampled to at most this many points for each name; points are measured ' +
        'values, never averages, and include the first, last, smallest and largest value of each name, and ' +
        'of each of equally long runs the smallest and largest value and the first NaN, Infinity and -Infinity',
    }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'ndjson', 'csv'], { description: 'overrides the Accept header' }),
  ),
})

const listOf = (item: TString, maxItems: number, description: string) =>
  Type.Array(item, { minItems: 1, maxItems, description })

const MetricsOfJobsQuery = strictObject({
  jobs: listOf(JobId, 100, 'ids of jobs'),
  names: Type.Optional(
    listOf(Type.String({ pattern: '^[A-Za-z0-9_./-]{1,64}$' }), 64, 'names of metrics'),
  ),
  fromStep: Type.Optional(Step),
  toStep: Type.Optional(Step),
  maxPoints: optionalWithDefault(
    Type.Integer({ minimum: 10, maximum: 1000, default: 100, description: 'as for one job' }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 64, description: "the previous page's nextCursor: the id of a job" }),
  ),
})

/** While the files of one job are read, the lines of another are parsed. */
const jobsAtOnce = 4

/** The items of the answer, each a JobMetrics as JSON. */
function readCharts(
  telemetry: Jobs['telemetry'],
  jobs: readonly string[],
  query: ChartQuery,
): Promise<string[]> {
  const itemOf = (job: string, exists: boolean, chart: string) =>
    `{"job":"${job}","exists":${exists},${chart.slice(1)}`
  return pLimit(jobsAtOnce).map(jobs, async job => {
    try {
      return itemOf(job, true, await telemetry.chartJson(job, query))
    } catch (error) {
      if (!isMissing(error)) throw error
      return itemOf(job, false, '{"points":{},"damagedLines":0}')
    }
  })
}

const mediaTypes = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  stream: eventStreamType,
}

export const metricRoutes: FastifyPluginAsyncTypebox<MetricRoutesDeps> = async (app, deps) => {
  const { eventStreams } = deps
  const { telemetry } = deps.jobs
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam })

  app.get(
    '/jobs/metrics',
    {
      schema: {
        tags,
        operationId: 'compareMetrics',
        summary: 'Chart the metrics of many jobs',
        description:
          'One item for each of `jobs`, in their order, downsampled as with `maxPoints` of one job. With `toStep`, the last point of each name is its value at that step. The answer ends early after 8 MiB; send `nextCursor` as `cursor` for the other jobs.',
        querystring: MetricsOfJobsQuery,
        problems: ['INVALID_CURSOR'],
        response: { 200: page(JobMetrics) },
      },
      preValidation: splitLists('jobs', 'names'),
      config: { etag: true },
    },
    async (request, reply) => {
      const { jobs, names, cursor, ...range } = request.query
      const ids = [...new Set(jobs)]
      const from = cursor === undefined ? 0 : ids.indexOf(cursor) + 1
      if (cursor !== undefined && from === 0) throw invalidCursor(cursor)
      const rest = ids.slice(from)
      const query = { ...range, ...(names && { names }) }
      return sendSerialized<string>(reply, text => text, {
        cursors: rest,
        hasMore: false,
        total: ids.length,
        read: (start, end) => readCharts(telemetry, rest.slice(start, end), query),
        damaged: async () => [],
      })
    },
  )

  app.get(
    '/jobs/:id/metrics',
    {
      schema: {
        security: keyOrTicket,
        tags,
        operationId: 'getJobMetrics',
        summary: "Read, chart, export or follow a job's metrics",
        description:
          'JSON comes in pages, or with `maxPoints` downsampled for a chart. ' +
          '`Accept: application/x-ndjson` or `text/csv` (or `format`) exports all rows. ' +
          'CSV has a column for each name, which is empty if a row has no such value. ' +
          '`Accept: text/event-stream` streams the history, then each new row: `metrics` events ' +
          '(step, time, values), and `job` events (the job) when its state changes; the last event is the ' +
          'job after it has ended. `Last-Event-ID` resumes a stream.',
        params,
        querystring: MetricsQuery,
        problems: ['JOB_NOT_FOUND', 'INVALID_CURSOR'],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of points, all rows, or a stream',
            content: {
              [mediaTypes.json]: { schema: MetricsResponse },
              [mediaTypes.ndjson]: { schema: Type.String() },
              [mediaTypes.csv]: { schema: Type.String() },
              [mediaTypes.stream]: { schema: eventStream(JobEvent, MetricsEvent) },
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
        const after = lastEventId(request)
        return eventStreams.send(reply, async () => {
          await telemetry.assertFollowable(id)
          return signal => telemetry.streamMetrics(id, { signal, ...(after && { after }) })
        })
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
      const chart = await telemetry.chartJson(id, { ...query, maxPoints })
      return reply
        .type('application/json; charset=utf-8')
        .send(`${chart.slice(0, -1)},"nextCursor":null}`)
    },
  )

  app.get(
    '/jobs/:id/events',
    {
      schema: {
        security: keyOrTicket,
        tags,
        operationId: 'followJob',
        summary: "Follow a job's state and progress",
        description:
          'Server-sent events: `job` (the job; first at once, then when its state changes, last after it has ' +
          'ended) and `progress` (the fields of `progress`, and the latest metrics). A slow reader ' +
          'receives only the newest progress. To receive every row, follow the metrics.',
        params,
        problems: ['JOB_NOT_FOUND'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a stream',
            content: { [eventStreamType]: { schema: eventStream(JobEvent, ProgressEvent) } },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      return eventStreams.send(reply, async () => {
        await telemetry.assertFollowable(id)
        return signal => telemetry.streamStatus(id, signal)
      })
    },
  )

  app.get(
    '/jobs/:id/tensorboard',
    {
      schema: {
        tags,
        operationId: 'downloadTensorBoard',
        summary: "Download a job's TensorBoard files as a tar",
        description:
          'Unpack the tars of several jobs into one folder: `tensorboard --logdir FOLDER` shows each job, with all ' +
          'its attempts, as a run, and compares their settings on the HPARAMS page.',
        params,
        problems: ['JOB_NOT_FOUND'],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: tarResponse('a tar of event files, in one folder: the name of the job and its id'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { run, paths } = await telemetry.eventFiles(id)
      return sendTar(reply, `${id}-tensorboard`, { paths, root: run })
    },
  )
}

const cursorAndMaxPointsConflict = () =>
  queryConflict(
    'cursor',
    'cursor and maxPoints cannot be combined',
    'omit cursor: maxPoints returns all steps at once',
  )
