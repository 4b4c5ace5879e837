import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Models } from '../../models/registry.js'
import { Name } from '../../spec/identifiers.js'
import { isBoostingModel } from '../../spec/model.js'
import { PageQuery, page } from '../../spec/paging.js'
import { sendTar } from '../http/tar.js'
import { Binary, ModelAnswer, tarAnswer } from '../schemas.js'

interface Parts {
  models: Pick<Models, 'list' | 'get' | 'home' | 'files'>
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

const ExportQuery = Type.Object(
  {
    ...VersionQuery.properties,
    format: Type.Optional(Type.Enum(['ubj', 'json'], { default: 'ubj' })),
  },
  { additionalProperties: false },
)

const noTrees = (id: string) =>
  new TrainyardError(
    'NOT_TREES',
    'conflict',
    `'${id}' is a network: GET /models/${id}/archive has its SavedModel`,
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

  app.get(
    '/models/:id/archive',
    {
      schema: {
        tags,
        summary: 'Download a model as a tar',
        description:
          "A network's SavedModel, or the trees as model.ubj and model.json, beside the manifest.",
        params: ModelParams,
        querystring: VersionQuery,
        response: {
          200: tarAnswer('the files in a folder `<model>-<version>`'),
        },
      },
    },
    async (request, reply) => {
      const model = await models.get(request.params.id, request.query.version)
      const { id, version } = model
      const name = `${id}-${version}`
      return sendTar(reply, name, { ...(await models.files(model)), root: name })
    },
  )

  app.get(
    '/models/:id/export',
    {
      schema: {
        tags,
        summary: 'Download trees as one file that XGBoost loads',
        description: "Python's xgboost, and XGBoost in other languages, predict the same by it.",
        params: ModelParams,
        querystring: ExportQuery,
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
      const { version: asked, format = 'ubj' } = request.query
      const model = await models.get(request.params.id, asked)
      const { id, version } = model
      if (!isBoostingModel(model)) throw noTrees(id)
      const file = await open(join(await models.home(model), `model.${format}`))
      return reply
        .type(format === 'ubj' ? 'application/octet-stream' : 'application/json')
        .header('content-disposition', `attachment; filename="${id}-${version}.${format}"`)
        .header('content-length', (await file.stat()).size)
        .send(file.createReadStream())
    },
  )
}
