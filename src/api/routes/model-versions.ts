import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { historyPosition } from '../../models/references/model-aliases.js'
import type { ModelCatalog } from '../../models/references/model-catalog.js'
import type { VersionAnnotations } from '../../models/references/version-annotations.js'
import { modelListFields } from '../../spec/list-fields.js'
import { VersionListQuery } from '../../spec/list-queries.js'
import { ModelView } from '../../spec/model.js'
import { AnnotationPatch } from '../../spec/model-annotation.js'
import { VersionNumber } from '../../spec/model-selector.js'
import { PageQuery, page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { callerNameOf } from '../http/api-keys.js'
import { sendPage } from '../http/list-answer.js'
import { parseFields, parseListQuery } from '../http/list-query.js'
import { splitLists } from '../http/split-lists.js'
import { annotationExamples } from '../openapi/reference-examples.js'
import { AnnotationHistoryResponse, ModelFieldsResponse, ModelResponse } from '../schemas.js'
import { conditionOfTag, ModelParams } from './models.js'

export interface ModelVersionRoutesDeps {
  modelRecords: {
    catalog: Pick<ModelCatalog, 'versions' | 'get'>
    annotations: Pick<VersionAnnotations, 'patch' | 'history'>
  }
}

const VersionParams = Type.Object({ ...ModelParams.properties, version: VersionNumber })

export const modelVersionRoutes: FastifyPluginAsyncTypebox<ModelVersionRoutesDeps> = async (
  app,
  { modelRecords: { catalog, annotations } },
) => {
  const tags = ['models']

  app.get(
    '/models/:id/versions',
    {
      schema: {
        tags,
        operationId: 'listModelVersions',
        summary: 'List the versions of a model, newest first or as `sort` says',
        description:
          'Each with its aliases, stage, note and tags. `sort`, `where`, `tag` and `fields` take several values: repeat them, or separate the values with commas. The answer is a page; `nextCursor` leads to the next one.',
        params: ModelParams,
        querystring: VersionListQuery,
        problems: ['MODEL_NOT_FOUND', 'INVALID_QUERY', 'INVALID_CURSOR'],
        response: { 200: page(Type.Union([ModelResponse, ModelFieldsResponse])) },
      },
      preValidation: splitLists('sort', 'where', 'fields', 'tag'),
    },
    async (request, reply) => {
      const { tag = [], fields } = request.query
      const conditions = tag.flatMap(conditionOfTag)
      const query = parseListQuery(request.query, modelListFields, conditions)
      const only = parseFields(fields, ModelView)
      const listing = await catalog.versions(request.params.id, query)
      return sendPage(reply, ModelResponse, listing, only)
    },
  )

  app.patch(
    '/models/:id/versions/:version',
    {
      schema: {
        tags,
        operationId: 'annotateModelVersion',
        summary: 'Change the stage, note or tags of a version',
        description:
          'What is not given stays (RFC 7396). The version itself never changes, and the history has who changed what when and why.',
        params: VersionParams,
        body: AnnotationPatch,
        problems: ['MODEL_NOT_FOUND', 'TOO_MANY_TAGS'],
        requestExamples: annotationExamples,
        response: { 200: ModelResponse },
      },
    },
    async request => {
      const { id, version } = request.params
      const { reason = null, ...patch } = request.body
      const model = await catalog.get({ name: id, version })
      const author = { by: callerNameOf(request), reason }
      return { ...model, ...(await annotations.patch(id, version, patch, author)) }
    },
  )

  app.get(
    '/models/:id/versions/:version/history',
    {
      schema: {
        tags,
        operationId: 'getModelVersionHistory',
        summary: 'List the changes of the stage, note and tags of a version, newest first',
        description: 'Who changed them when and why; each entry has all that held then.',
        params: VersionParams,
        querystring: strictObject(PageQuery),
        problems: ['MODEL_NOT_FOUND', 'INVALID_CURSOR'],
        response: { 200: AnnotationHistoryResponse },
      },
    },
    async request => {
      const { id, version } = request.params
      const { limit, cursor } = request.query
      await catalog.get({ name: id, version })
      const before = historyPosition(cursor)
      const { items, next } = await annotations.history(id, version, { limit, before })
      return { items, nextCursor: next === null ? null : String(next) }
    },
  )
}
