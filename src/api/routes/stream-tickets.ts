import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  defaultTicketSeconds,
  StreamTicket,
  StreamTicketRequest,
} from '../../spec/stream-ticket.js'
import type { StreamTickets } from '../access/stream-tickets.js'
import { streamTicketExamples } from '../openapi/request-examples.js'

export interface StreamTicketRoutesDeps {
  tickets: Pick<StreamTickets, 'create'>
}

export const streamTicketRoutes: FastifyPluginAsyncTypebox<StreamTicketRoutesDeps> = async (
  app,
  { tickets },
) => {
  app.post(
    '/stream-tickets',
    {
      config: { secret: true },
      schema: {
        tags: ['server'],
        operationId: 'createStreamTicket',
        summary: 'Make a ticket that opens one stream without a key',
        description:
          "A browser's EventSource can send no key. A page, or the server behind it, asks for a ticket, " +
          'and the page opens `url`. The ticket is for one path and a short time, and it ends with the key that ' +
          'made it. For a stream after that, ask for a new one, and add `lastEventId` to the query of `url` to go ' +
          'on after that event.',
        requestExamples: streamTicketExamples,
        body: StreamTicketRequest,
        response: { 201: StreamTicket },
      },
    },
    async (request, reply) => {
      const { path, expiresInSeconds = defaultTicketSeconds } = request.body
      return reply.code(201).send(tickets.create(request, path, expiresInSeconds))
    },
  )
}
