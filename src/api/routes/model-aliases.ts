import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { historyPosition, type ModelAliases } from '../../models/references/model-aliases.js'
import type { Promotions } from '../../models/references/promotions.js'
import { AliasQuery, AliasRequest, RollbackRequest } from '../../spec/model-alias.js'
import { PromotionRequest } from '../../spec/model-promotion.js'
import { PageQuery } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { callerNameOf } from '../http/api-keys.js'
import {
  aliasExamples,
  promotionExamples,
  rollbackExamples,
} from '../openapi/reference-examples.js'
import {
  AliasHistoryResponse,
  ModelAliasResponse,
  NoContent,
  PromotionResponse,
} from '../schemas.js'
import { ModelParams } from './models.js'

export interface ModelAliasRoutesDeps {
  modelRecords: {
    aliases: Pick<ModelAliases, 'list' | 'get' | 'move' | 'remove' | 'rollBack' | 'history'>
    promotions: Pick<Promotions, 'promote'>
  }
}

/** Any text, so that one that cannot be an alias is answered like one that does not exist. */
const AliasParams = Type.Object({
  ...ModelParams.properties,
  alias: Type.String({ maxLength: 100, description: 'the name of an alias' }),
})

export const modelAliasRoutes: FastifyPluginAsyncTypebox<ModelAliasRoutesDeps> = async (
  app,
  { modelRecords: { aliases, promotions } },
) => {
  const tags = ['models']

  app.get(
    '/models/:id/aliases',
    {
      schema: {
        tags,
        operationId: 'listAliases',
        summary: 'List the aliases of a model',
        description: 'Sorted by name; each with the version that it names, and who moved it last.',
        params: ModelParams,
        problems: ['MODEL_NOT_FOUND'],
        response: {
          200: Type.Object(
            { items: Type.Array(ModelAliasResponse) },
            { description: 'all aliases of the model' },
          ),
        },
      },
    },
    async request => ({ items: await aliases.list(request.params.id) }),
  )

  app.get(
    '/models/:id/aliases/:alias',
    {
      schema: {
        tags,
        operationId: 'getAlias',
        summary: 'Get an alias, as it is or as it was',
        description:
          'With `at`, answers what the alias named then: 2026-05-03 means the beginning of that day in UTC.',
        params: AliasParams,
        querystring: AliasQuery,
        problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND'],
        response: { 200: ModelAliasResponse },
      },
    },
    request => aliases.get(request.params.id, request.params.alias, request.query.at),
  )

  app.put(
    '/models/:id/aliases/:alias',
    {
      schema: {
        tags,
        operationId: 'moveAlias',
        summary: 'Make an alias name a version',
        description:
          'Creates the alias, or moves it, at once for all requests of this process; other processes that share the data folder follow within a second. The version must exist, and its files be intact. With `ifVersion`, only one of several clients moves the alias.',
        params: AliasParams,
        body: AliasRequest,
        problems: [
          ...(['MODEL_NOT_FOUND', 'ALIAS_CHANGED', 'INVALID_ALIAS', 'TOO_MANY_ALIASES'] as const),
        ],
        requestExamples: aliasExamples,
        response: { 200: ModelAliasResponse },
      },
    },
    request => {
      const { id, alias } = request.params
      const { version, ifVersion, reason = null } = request.body
      const author = { by: callerNameOf(request), reason }
      return aliases.move(id, alias, version, author, { ifVersion })
    },
  )

  app.delete(
    '/models/:id/aliases/:alias',
    {
      schema: {
        tags,
        operationId: 'deleteAlias',
        summary: 'Delete an alias',
        description:
          'The version stays. Fails with 409 while traffic names the alias, or is set for it.',
        params: AliasParams,
        querystring: strictObject({ reason: RollbackRequest.properties.reason }),
        problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'MODEL_REFERENCED'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { id, alias } = request.params
      const { reason = null } = request.query
      await aliases.remove(id, alias, { by: callerNameOf(request), reason })
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/models/:id/aliases/:alias/history',
    {
      schema: {
        tags,
        operationId: 'getAliasHistory',
        summary: 'List the changes of an alias, newest first',
        description: 'Who moved it when, from where to where, and why; also of a deleted alias.',
        params: AliasParams,
        querystring: strictObject(PageQuery),
        problems: ['MODEL_NOT_FOUND', 'INVALID_CURSOR'],
        response: { 200: AliasHistoryResponse },
      },
    },
    async request => {
      const { id, alias } = request.params
      const { limit, cursor } = request.query
      const before = historyPosition(cursor)
      const { items, next } = await aliases.history(id, alias, { limit, before })
      return { items, nextCursor: next === null ? null : String(next) }
    },
  )

  app.post(
    '/models/:id/aliases/:alias/rollback',
    {
      schema: {
        tags,
        operationId: 'rollBackAlias',
        summary: 'Move an alias back to the version before',
        description:
          'Passes over versions that were deleted. A second rollback goes back another step, and not forward again: for that, move the alias with PUT.',
        params: AliasParams,
        body: RollbackRequest,
        problems: [
          ...(['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'ALIAS_CHANGED', 'INVALID_ALIAS'] as const),
          ...(['NO_PREVIOUS_VERSION', 'TOO_MANY_ALIASES'] as const),
        ],
        requestExamples: rollbackExamples,
        response: { 200: ModelAliasResponse },
      },
    },
    request => {
      const { id, alias } = request.params
      const { ifVersion, reason = null } = request.body
      return aliases.rollBack(id, alias, { by: callerNameOf(request), reason }, { ifVersion })
    },
  )

  app.post(
    '/models/:id/promote',
    {
      schema: {
        tags,
        operationId: 'promoteModel',
        summary: 'Move an alias to a version, if conditions hold',
        description:
          'If a condition does not hold, nothing is moved, and the answer is 409 with both values of each that fails. A condition on the alias to move holds while that alias does not exist yet.',
        params: ModelParams,
        body: PromotionRequest,
        problems: [
          ...(['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'ALIAS_CHANGED', 'INVALID_ALIAS'] as const),
          ...(['TOO_MANY_ALIASES', 'INVALID_PROMOTION', 'PROMOTION_REFUSED'] as const),
        ],
        requestExamples: promotionExamples,
        response: { 200: PromotionResponse },
      },
    },
    request => {
      const { reason = null } = request.body
      const author = { by: callerNameOf(request), reason }
      return promotions.promote(request.params.id, request.body, author)
    },
  )
}
