import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { ModelAliases } from '../../models/references/model-aliases.js'
import type { ModelCatalog } from '../../models/references/model-catalog.js'
import type { VersionDeletion } from '../../models/references/version-deletion.js'
import type { ModelRegistry } from '../../models/registry.js'
import type { PredictorPool } from '../../serving/pool/pool.js'
import { isDatasetId, Name } from '../../spec/identifiers.js'
import { modelListFields } from '../../spec/list-fields.js'
import { ModelListQuery } from '../../spec/list-queries.js'
import { ModelView, RemovedVersions } from '../../spec/model.js'
import { Reason } from '../../spec/model-alias.js'
import { AliasName, VersionNumber } from '../../spec/model-selector.js'
import { page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { callerNameOf } from '../http/api-keys.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { queryConflict } from '../http/http-error.js'
import { sendPage } from '../http/list-answer.js'
import { conditionIf, parseFields, parseListQuery, timeBetween } from '../http/list-query.js'
import { splitLists } from '../http/split-lists.js'
import { pathsIn, sendTar } from '../http/tar.js'
import { ModelFieldsResponse, ModelResponse, tarResponse } from '../schemas.js'

export interface ModelRoutesDeps {
  models: Pick<ModelRegistry, 'folder' | 'files' | 'assertIntact'>
  modelRecords: {
    aliases: Pick<ModelAliases, 'find'>
    catalog: Pick<ModelCatalog, 'list' | 'get'>
    deletion: Pick<VersionDeletion, 'remove'>
  }
  jobs: Pick<Jobs, 'usesModel'>
  predictor: Pick<PredictorPool, 'serving'>
}

export const ModelParams = Type.Object({ id: Name })

export const VersionQuery = strictObject({
  version: Type.Optional({
    ...VersionNumber,
    description:
      'without it and without `alias`, the version that the alias `default` names, or else the newest',
  }),
  alias: Type.Optional({ ...AliasName, description: 'the version that this alias names' }),
})

/** Error codes of operations that take `VersionQuery`. */
export const selectorProblems = ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'INVALID_SELECTOR'] as const

const DeletionQuery = strictObject({
  version: Type.Optional(VersionNumber),
  aliases: Type.Optional(
    Type.Enum(['refuse', 'delete'], {
      description:
        'what becomes of aliases and traffic that lead to a deleted version: by default, nothing is deleted and the answer is 409',
    }),
  ),
  moveAliasesTo: Type.Optional({
    ...VersionNumber,
    description: 'aliases and traffic that lead to `version` lead to this version afterwards',
  }),
  reason: Type.Optional(Reason),
})

/** The condition of a parameter `tag`, such as `team:vision`. */
export function conditionOfTag(text: string) {
  const colon = text.indexOf(':')
  return conditionIf(`tags.${text.slice(0, colon)}`, '=', text.slice(colon + 1))
}

const modelInUse = (id: string) =>
  new TrainyardError('MODEL_IN_USE', `a queued or running job starts from model '${id}'`)

export const modelRoutes: FastifyPluginAsyncTypebox<ModelRoutesDeps> = async (
  app,
  { models, modelRecords, jobs, predictor },
) => {
  const { aliases, catalog, deletion } = modelRecords
  const tags = ['models']

  app.get(
    '/models',
    {
      schema: {
        tags,
        operationId: 'listModels',
        summary: 'List models, by name or as `sort` says',
        description:
          'Lists each model in the version that its bare name serves: that of the alias `default`, or else the newest. With `alias`, lists the models that have the alias, in the version that it names. `sort`, `where` and `fields` take several values: repeat them, or separate the values with commas. The answer is a page; `nextCursor` leads to the next one.',
        querystring: ModelListQuery,
        problems: ['INVALID_QUERY', 'INVALID_CURSOR'],
        response: { 200: page(Type.Union([ModelResponse, ModelFieldsResponse])) },
      },
      preValidation: splitLists('sort', 'where', 'fields', 'tag'),
    },
    async (request, reply) => {
      const {
        name,
        model,
        dataset = '',
        createdAfter,
        createdBefore,
        alias,
        tag,
        fields,
      } = request.query
      const query = parseListQuery(request.query, modelListFields, [
        ...conditionIf('name', '^=', name),
        ...conditionIf('model.kind', '=', model),
        ...conditionIf(
          isDatasetId(dataset) ? 'dataset.id' : 'dataset.name',
          '=',
          dataset || undefined,
        ),
        ...(tag ?? []).flatMap(conditionOfTag),
        ...timeBetween('createdAt', createdAfter, createdBefore),
      ])
      const only = parseFields(fields, ModelView)
      return sendPage(reply, ModelResponse, await catalog.list(query, alias), only)
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
          'The version that is asked for, or that the bare name serves, with its metrics, its input, the job that made it, and its aliases, stage, note and tags; of a network that is loaded for predictions, also what runs it.',
        params: ModelParams,
        querystring: VersionQuery,
        problems: selectorProblems,
        response: { 200: ModelResponse },
      },
    },
    async request => {
      const model = await catalog.get({ name: request.params.id, ...request.query })
      const serving = predictor.serving(model.id, model.version)
      return serving ? { ...model, serving } : model
    },
  )

  app.delete(
    '/models/:id',
    {
      schema: {
        tags,
        operationId: 'deleteModel',
        summary: 'Delete a model, or one version of it',
        description:
          'Without `version`, all versions are deleted. Numbers of deleted versions are not used again. The answer has the bytes that were freed. Fails with 409 while a queued or running job starts from the model, and while an alias or traffic leads to a version, unless the request says what becomes of them. Predictions that have begun with a version end first.',
        params: ModelParams,
        querystring: DeletionQuery,
        problems: ['MODEL_NOT_FOUND', 'MODEL_IN_USE', 'MODEL_REFERENCED'],
        response: { 200: RemovedVersions },
      },
    },
    async request => {
      const { id } = request.params
      const { reason = null, ...options } = request.query
      const { version, aliases: policy, moveAliasesTo } = options
      if (moveAliasesTo !== undefined && (version === undefined || version === moveAliasesTo)) {
        const message = `moveAliasesTo is ${moveAliasesTo}, which goes with another version to delete`
        throw queryConflict('moveAliasesTo', message, 'give version=OTHER too')
      }
      if (moveAliasesTo !== undefined && policy !== undefined) {
        const message = 'moveAliasesTo and aliases say different things about the aliases'
        throw queryConflict('moveAliasesTo', message, 'give one of them')
      }
      if (await jobs.usesModel(id, version)) throw modelInUse(id)
      return deletion.remove(id, options, { by: callerNameOf(request), reason })
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
        problems: selectorProblems,
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: tarResponse('a tar with one folder, `<model>-<version>`'),
        },
      },
    },
    async (request, reply) => {
      const model = await aliases.find({ name: request.params.id, ...request.query })
      if (isKept(request, reply, JSON.stringify(model))) return sendNotModified(reply)
      await models.assertIntact(model)
      const { id, version } = model
      const name = `${id}-${version}`
      const { folder, names } = await models.files(model)
      return sendTar(reply, name, { paths: pathsIn(folder, names), root: name })
    },
  )
}
