import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Models } from '../../models/registry.js'
import { Name } from '../../spec/identifiers.js'
import { PageQuery, page } from '../../spec/paging.js'
import { ModelAnswer } from '../schemas.js'

interface Parts {
  models: Pick<Models, 'list' | 'get'>
}

export const ModelParams = Type.Object({ id: Name })

export const VersionQuery = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 31, description: 'the newest if absent' }),
    ),
  },
  { additionalProperties: false },
)

export const modelRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { models }) => {
  const tags = ['models']

  app.get(
    '/models',
    {
      schema: {
        tags,
        summary: 'List models',
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: page(ModelAnswer) },
      },
    },
    request => models.list({ limit: 50, ...request.query }),
  )

  app.get(
    '/models/:id',
    {
      schema: {
        tags,
        summary: 'Read a model',
        params: ModelParams,
        querystring: VersionQuery,
        response: { 200: ModelAnswer },
      },
    },
    request => models.get(request.params.id, request.query.version),
  )
}
