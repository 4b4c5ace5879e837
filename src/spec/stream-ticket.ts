import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

export const defaultTicketSeconds = 60

export const StreamTicketRequest = strictObject({
  path: Type.String({
    maxLength: 2000,
    pattern:
      '^/(events|imports/[\\w-]{1,64}/events|jobs/[\\w-]{1,64}/(events|logs|metrics))(\\?[!-~]*)?$',
    description:
      'the path of a stream, with its query: /events, /imports/ID/events, or /jobs/ID/events, /jobs/ID/metrics or /jobs/ID/logs',
  }),
  expiresInSeconds: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 3600,
      default: defaultTicketSeconds,
      description:
        'how long the ticket opens the stream; a stream that is open by then goes on, but the browser cannot reconnect',
    }),
  ),
})
export type StreamTicketRequest = Static<typeof StreamTicketRequest>

export const StreamTicket = Type.Object(
  {
    ticket: Type.String(),
    url: Type.String({
      description:
        'for `new EventSource(url)`: the path with the ticket in its query, after the public URL if the server has one',
    }),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  { description: 'a ticket' },
)
export type StreamTicket = Static<typeof StreamTicket>
