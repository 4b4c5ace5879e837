import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { ModelRegistry } from '../../models/registry.js'
import { isDatasetId, Name } from '../../spec/identifiers.js'
import { modelListFields } from '../../spec/list-fields.js'
import { ModelListQuery } from '../../spec/list-queries.js'
import { isBoostingModel, Model, RemovedVersions } from '../../spec/model.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { sendPage } from '../http/list-answer.js'
import { conditionIf, parseFields, parseListQuery, timeBetween } from '../http/list-query.js'
import { splitLists } from '../http/split-lists.js'
import { sendTar } from '../http/tar.js'
import { Binary, ModelFieldsResponse, ModelResponse, tarResponse } from '../schemas.js'

export interface ModelRoutesDeps {
  models: Pick<ModelRegistry, 'list' | 'get' | 'folder' | 'files' | 'assertIntact' | 'remove'>
  jobs: Pick<Jobs, 'usesModel'>
}

export const ModelParams = Type.Object({ id: Name })

export const VersionQuery = strictObject({
  version: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 2 ** 31, description: 'the newest version by default' }),
  ),
})

const ExportQuery = strictObject({
  ...VersionQuery.properties,
  format: optionalWithDefault(Type.Enum(['ubj', 'json'], { default: 'ubj' })),
})

const notABoostingModel = (id: string) =>
  new TrainyardError(
    'NOT_A_BOOSTING_MODEL',
    `'${id}' is a network: GET /models/${id}/archive has its SavedModel`,
  )

const modelInUse = (id: string) =>
  new TrainyardError('MODEL_IN_USE', `a queued or running job starts from model '${id}'`)

export const modelRoutes: FastifyPluginAsyncTypebox<ModelRoutesDeps> = async (
  app,
  { models, jobs },
) => {
  const tags = ['models']

  app.get(
    '/models',
    {
      schema: {
        tags,
        operationId: 'listModels',
        summary: 'List models, by name or as `sort` says',
        description:
          'Lists the newest version of each model. `sort`, `where` and `fields` take several values: repeat them, or separate the values with commas. The answer is a page; `nextCursor` leads to the next one.',
        querystring: ModelListQuery,
        problems: ['INVALID_QUERY', 'INVALID_CURSOR'],
        response: { 200: page(Type.Union([ModelResponse, ModelFieldsResponse])) },
      },
      preValidation: splitLists('sort', 'where', 'fields'),
    },
    async (request, reply) => {
      const { name, model, dataset = '', createdAfter, createdBefore, fields } = request.query
      const query = parseListQuery(request.query, modelListFields, [
        ...conditionIf('name', '^=', name),
        ...conditionIf('model.kind', '=', model),
        ...conditionIf(
          isDatasetId(dataset) ? 'dataset.id' : 'dataset.name',
          '=',
          dataset || undefined,
        ),
        ...timeBetween('createdAt', createdAfter, createdBefore),
      ])
      const only = parseFields(fields, Model)
      return sendPage(reply, ModelResponse, await models.list(query), only)
    },
  )

  app.get(
    '/models/:id',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getModel',
        summary: 'Get a model',
        description:
          'The newest version, or the one that is asked for, with its metrics, its input and the job that made it.',
        params: ModelParams,
        querystring: VersionQuery,
        problems: ['MODEL_NOT_FOUND'],
        response: { 200: ModelResponse },
      },
    },
    request => models.get(request.params.id, request.query.version),
  )

  app.delete(
    '/models/:id',
    {
      schema: {
        tags,
        operationId: 'deleteModel',
        summary: 'Delete a model, or one version of it',
        description:
          'Without `version`, all versions are deleted. Numbers of deleted versions are not used again. The answer has the bytes that were freed. Fails with 409 while a queued or running job starts from the model.',
        params: ModelParams,
        querystring: strictObject({
          version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 })),
        }),
        problems: ['MODEL_NOT_FOUND', 'MODEL_IN_USE'],
        response: { 200: RemovedVersions },
      },
    },
    async request => {
      const { id } = request.params
      const { version } = request.query
      if (await jobs.usesModel(id, version)) throw modelInUse(id)
      return models.remove(id, version)
    },
  )

  app.get(
    '/models/:id/archive',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'downloadModel',
        summary: 'Download a model as a tar',
        description:
          "Contains a network's SavedModel, or a boosting model as model.ubj and model.json, and the manifest.",
        params: ModelParams,
        querystring: VersionQuery,
        problems: ['MODEL_NOT_FOUND'],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: tarResponse('a tar with one folder, `<model>-<version>`'),
        },
      },
    },
    async (request, reply) => {
      const model = await models.get(request.params.id, request.query.version)
      if (isKept(request, reply, JSON.stringify(model))) return sendNotModified(reply)
      await models.assertIntact(model)
      const { id, version } = model
      const name = `${id}-${version}`
      return sendTar(reply, name, { ...(await models.files(model)), root: name })
    },
  )

  app.get(
    '/models/:id/export',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'exportModel',
        summary: 'Download a boosting model as one XGBoost file',
        description:
          'XGBoost in Python and other languages loads the file and predicts the same values.',
        params: ModelParams,
        querystring: ExportQuery,
        problems: ['MODEL_NOT_FOUND', 'NOT_A_BOOSTING_MODEL'],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: Type.Unsafe<unknown>({
            description: 'model.ubj or model.json',
            content: {
              'application/octet-stream': { schema: Binary },
              'application/json': { schema: Type.Unknown() },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { version: requestedVersion, format } = request.query
      const model = await models.get(request.params.id, requestedVersion)
      const { id, version } = model
      if (!isBoostingModel(model)) throw notABoostingModel(id)
      if (isKept(request, reply, JSON.stringify(model))) return sendNotModified(reply)
      await models.assertIntact(model)
      const file = await open(join(await models.folder(model), `model.${format}`))
      return reply
        .type(format === 'ubj' ? 'application/octet-stream' : 'application/json')
        .header('content-disposition', `attachment; filename="${id}-${version}.${format}"`)
        .header('content-length', (await file.stat()).size)
        .send(file.createReadStream())
    },
  )
}
