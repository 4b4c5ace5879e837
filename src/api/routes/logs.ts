import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { lastEventId, streamType, wantedFormat } from '../http/content-negotiation.js'
import { eventStream } from '../http/event-stream.js'
import { Refusal } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { JobParam, LogAnswer } from '../schemas.js'

interface Parts {
  jobs: Pick<Jobs, 'history'>
  limits: Limits
  /** Open streams would keep the server from closing. */
  closing: AbortSignal
}

const LogsQuery = Type.Object(
  {
    attempt: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'lines of this one alone' }),
    ),
    tail: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'begins so many lines before the end',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'lines a page' }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^\\d{1,9}-\\d{1,15}$',
        description: "the previous page's nextCursor",
      }),
    ),
    format: Type.Optional(
      Type.Enum(['json', 'text'], { description: 'instead of an Accept header' }),
    ),
  },
  { additionalProperties: false },
)

const types = { json: 'application/json', text: 'text/plain', stream: streamType }

export const logRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, parts) => {
  const { history } = parts.jobs
  const { heartbeatMs } = parts.limits
  app.get(
    '/jobs/:id/logs',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Read or follow what a job says',
        description:
          'What happened to each attempt, and what its trainer printed: JSON in pages; ' +
          '`Accept: text/plain` (or `format=text`) for all of it, a line `<time> <line>` each; ' +
          '`Accept: text/event-stream` for events `log` until the job has ended. ' +
          '`Last-Event-ID` goes on where a stream broke off.',
        params: Type.Object({ id: JobParam }),
        querystring: LogsQuery,
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of lines, all lines, or the stream',
            content: {
              [types.json]: { schema: LogAnswer },
              [types.text]: { schema: Type.String() },
              [types.stream]: { schema: Type.String() },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { limit = 1000, format, ...query } = request.query
      if (query.cursor && query.tail) throw twoBeginnings()
      const wanted = wantedFormat(request, format, types)
      if (wanted === 'json') {
        const page = { ...query, limit: query.tail ?? limit }
        return history.log(id, page)
      }
      if (wanted === 'text') {
        return reply.type(types.text).send(Readable.from(await history.logText(id, query)))
      }
      const cursor = lastEventId(request)
      const from = cursor ? { ...query, cursor } : query
      const feed = await history.followLog(id, from)
      return reply.type(streamType).send(eventStream(feed, { heartbeatMs, closing: parts.closing }))
    },
  )
}

const twoBeginnings = () =>
  new Refusal(400, 'INVALID_REQUEST', 'cursor and tail exclude each other', {
    errors: [{ path: '/tail', code: 'invalid', message: 'a cursor says where to begin already' }],
  })
