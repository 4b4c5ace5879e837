import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Imports } from '../../datasets/imports/imports.js'
import { type DatasetImport, ImportListQuery } from '../../spec/dataset-import.js'
import { page } from '../../spec/paging.js'
import { ImportEvent } from '../../spec/stream-events.js'
import { keyOrTicket } from '../access/stream-tickets.js'
import { eventStreamType, lastEventId } from '../http/content-negotiation.js'
import type { EventStreams } from '../http/event-stream.js'
import { sendPage } from '../http/list-answer.js'
import { eventStream, ImportResponse, NoContent } from '../schemas.js'

export interface ImportRoutesDeps {
  imports: Pick<Imports, 'get' | 'list' | 'cancel' | 'remove' | 'follow' | 'record'>
  eventStreams: EventStreams
}

/** The id of the last event of an import that has ended. */
const endId = 'end'

export const importRoutes: FastifyPluginAsyncTypebox<ImportRoutesDeps> = async (app, deps) => {
  const { imports, eventStreams } = deps
  const tags = ['datasets']
  const params = Type.Object({
    id: Type.String({ maxLength: 64, description: 'the id of an import' }),
  })

  app.get(
    '/imports',
    {
      schema: {
        tags,
        operationId: 'listImports',
        summary: 'List data sets that are being made, or were or could not be made',
        description:
          'Newest first. One that took less than a second is not listed after its end; others are kept for a week.',
        querystring: ImportListQuery,
        problems: ['INVALID_CURSOR'],
        response: { 200: page(ImportResponse) },
      },
    },
    async (request, reply) => sendPage(reply, ImportResponse, await imports.list(request.query)),
  )

  app.get(
    '/imports/:id',
    {
      schema: {
        tags,
        operationId: 'getImport',
        summary: 'Read how far the making of a data set is',
        description:
          'After it has succeeded, `dataset` is the id; if it failed, `problem` is what a request that waits would get.',
        params,
        problems: ['IMPORT_NOT_FOUND'],
        response: { 200: ImportResponse },
      },
    },
    request => imports.get(request.params.id),
  )

  app.get(
    '/imports/:id/events',
    {
      schema: {
        security: keyOrTicket,
        tags,
        operationId: 'followImport',
        summary: 'Follow the making of a data set',
        description:
          'Server-sent events `import`: the import at once, and after each change, at most four times a second; the last one after it has ended. ' +
          'A client that reconnects after the last event (`Last-Event-ID: end`) gets 204, at which a browser stops.',
        params,
        problems: ['IMPORT_NOT_FOUND'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a stream',
            content: { [eventStreamType]: { schema: eventStream(ImportEvent) } },
          }),
          204: NoContent,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      if (lastEventId(request) === endId) return reply.code(204).send(null)
      return eventStreams.send(reply, async () => {
        // so that the stream finds it after its end
        await imports.record(id)
        return signal => batches(imports.follow(id, signal))
      })
    },
  )

  app.post(
    '/imports/:id/cancel',
    {
      schema: {
        tags,
        operationId: 'cancelImport',
        summary: 'Cancel the making of a data set',
        description: 'Ends its process and removes its files. One that has ended stays as it is.',
        params,
        problems: ['IMPORT_NOT_FOUND'],
        response: { 200: ImportResponse },
      },
    },
    request => imports.cancel(request.params.id),
  )

  app.delete(
    '/imports/:id',
    {
      schema: {
        tags,
        operationId: 'deleteImport',
        summary: 'Cancel the making of a data set if it has not ended, and forget it',
        description: 'The data set of an import that has succeeded stays.',
        params,
        problems: ['IMPORT_NOT_FOUND'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await imports.remove(request.params.id)
      return reply.code(204).send(null)
    },
  )
}

async function* batches(changes: AsyncIterable<DatasetImport>) {
  for await (const change of changes) {
    const id = change.finishedAt === null ? change.updatedAt : endId
    yield [{ id, event: 'import', data: JSON.stringify(change) }]
  }
}
