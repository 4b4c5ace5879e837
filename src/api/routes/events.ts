import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Changes } from '../../jobs/changes/changes.js'
import { ChangesQuery } from '../../spec/changes.js'
import { ChangeStreamEvent } from '../../spec/stream-events.js'
import { keyOrTicket } from '../access/stream-tickets.js'
import { eventStreamType, lastEventId, negotiateFormat } from '../http/content-negotiation.js'
import type { EventStreams } from '../http/event-stream.js'
import { queryConflict } from '../http/http-error.js'
import type { LongPolls } from '../http/long-polls.js'
import { splitLists } from '../http/split-lists.js'
import { ChangesPageResponse, eventStream } from '../schemas.js'

export interface EventRoutesDeps {
  changes: Pick<Changes, 'feed'>
  eventStreams: EventStreams
  longPolls: LongPolls
}

const mediaTypes = { stream: eventStreamType, json: 'application/json' }

const defaultLimit = 100

export const eventRoutes: FastifyPluginAsyncTypebox<EventRoutesDeps> = async (app, deps) => {
  const { eventStreams, longPolls } = deps
  const { feed } = deps.changes
  app.get(
    '/events',
    {
      schema: {
        tags: ['events'],
        security: keyOrTicket,
        operationId: 'followChanges',
        summary: 'Follow all changes of jobs, data sets, models and weights',
        description:
          'Server-sent events: `stream.open` at once, then each change, named by its type, and `job.progress` of running ' +
          'jobs at most once a second. A client that reconnects with `Last-Event-ID` (or `after`) misses nothing; if ' +
          'the changes since then are not kept any more, it gets `stream.reset`, and should read the lists again. ' +
          '`Accept: application/json` (or `format=json`) answers the changes after `after`; with `wait`, as soon as ' +
          'there are some.',
        querystring: ChangesQuery,
        problems: ['QUEUE_UNAVAILABLE'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a stream, or some events',
            content: {
              [mediaTypes.stream]: { schema: eventStream(ChangeStreamEvent) },
              [mediaTypes.json]: { schema: ChangesPageResponse },
            },
          }),
        },
      },
      preValidation: splitLists('types', 'jobs'),
    },
    async (request, reply) => {
      const { types, jobs, wait, limit, format, ...query } = request.query
      const filter = { ...(types && { types }), ...(jobs && { jobs }) }
      const after = lastEventId(request) ?? query.after
      const options = { ...filter, ...(after !== undefined && { after }) }
      if (negotiateFormat(request, format, mediaTypes) === 'stream') {
        const refused = wait !== undefined ? 'wait' : limit !== undefined ? 'limit' : null
        if (refused) throw onlyForJson(refused)
        return eventStreams.send(reply, async () => signal => feed.stream({ ...options, signal }))
      }
      if (types?.every(type => type === 'job.progress')) throw progressIsStreamed()
      const page = await longPolls.run(reply, wait ?? 5, signal =>
        feed.page({ ...options, limit: limit ?? defaultLimit, waits: wait !== undefined, signal }),
      )
      const events = `{"events":[${page.events.join(',')}]`
      return reply
        .type('application/json; charset=utf-8')
        .send(`${events},"lastEventId":${JSON.stringify(page.lastEventId)}}`)
    },
  )
}

const onlyForJson = (name: string) =>
  queryConflict(
    name,
    `${name} is for JSON, and this is a stream`,
    `omit ${name}, or send format=json`,
  )

const progressIsStreamed = () =>
  queryConflict(
    'types',
    'progress comes only as a stream',
    'send format=stream, or ask for other types',
  )
