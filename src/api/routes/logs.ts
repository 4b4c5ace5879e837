import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { LogEvent } from '../../spec/stream-events.js'
import { strictObject } from '../../spec/strict-object.js'
import { keyOrTicket } from '../access/stream-tickets.js'
import { eventStreamType, lastEventId, negotiateFormat } from '../http/content-negotiation.js'
import type { EventStreams } from '../http/event-stream.js'
import { queryConflict } from '../http/http-error.js'
import { eventStream, JobParam, LogResponse } from '../schemas.js'

export interface LogRoutesDeps {
  jobs: Pick<Jobs, 'telemetry'>
  eventStreams: EventStreams
}

const LogsQuery = strictObject({
  attempt: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'only lines of this attempt' }),
  ),
  tail: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'start this many lines before the end',
    }),
  ),
  limit: optionalWithDefault(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'lines in a page' }),
  ),
  cursor: Type.Optional(
    Type.String({
      pattern: '^\\d{1,9}-\\d{1,15}$',
      description: "the previous page's nextCursor",
    }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'text'], { description: 'overrides the Accept header' }),
  ),
})

const mediaTypes = { json: 'application/json', text: 'text/plain', stream: eventStreamType }

export const logRoutes: FastifyPluginAsyncTypebox<LogRoutesDeps> = async (app, deps) => {
  const { eventStreams } = deps
  const { telemetry } = deps.jobs
  app.get(
    '/jobs/:id/logs',
    {
      schema: {
        security: keyOrTicket,
        tags: ['jobs'],
        operationId: 'getJobLogs',
        summary: "Read or follow a job's log",
        description:
          'The events of each attempt, and the output of its trainer. JSON comes in pages. ' +
          '`Accept: text/plain` (or `format=text`) returns everything, each line as `<time> <line>`. ' +
          '`Accept: text/event-stream` streams `log` events until the job has ended; ' +
          '`Last-Event-ID` resumes a stream.',
        params: Type.Object({ id: JobParam }),
        querystring: LogsQuery,
        problems: ['JOB_NOT_FOUND', 'INVALID_CURSOR'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of lines, all lines, or a stream',
            content: {
              [mediaTypes.json]: { schema: LogResponse },
              [mediaTypes.text]: { schema: Type.String() },
              [mediaTypes.stream]: { schema: eventStream(LogEvent) },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { limit, format, ...query } = request.query
      if (query.cursor && query.tail) throw cursorAndTailConflict()
      const responseFormat = negotiateFormat(request, format, mediaTypes)
      if (responseFormat === 'json') {
        const page = { ...query, limit: query.tail ?? limit }
        return telemetry.log(id, page)
      }
      if (responseFormat === 'text') {
        return reply.type(mediaTypes.text).send(Readable.from(await telemetry.logText(id, query)))
      }
      const cursor = lastEventId(request)
      const start = cursor ? { ...query, cursor } : query
      return eventStreams.send(reply, () => telemetry.streamLog(id, start))
    },
  )
}

const cursorAndTailConflict = () =>
  queryConflict(
    'tail',
    'cursor and tail cannot be combined',
    'omit tail: the cursor already says where to start',
  )
