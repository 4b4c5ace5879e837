import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { MadeFormat } from '../../exports/export-task.js'
import type { ModelExports } from '../../exports/model-exports.js'
import type { ModelAliases } from '../../models/references/model-aliases.js'
import type { ModelRegistry } from '../../models/registry.js'
import { isBoostingModel, type Model } from '../../spec/model.js'
import { strictObject } from '../../spec/strict-object.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { Binary } from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'

export interface ModelExportRoutesDeps {
  models: Pick<ModelRegistry, 'folder' | 'assertIntact'>
  modelRecords: { aliases: Pick<ModelAliases, 'find'> }
  modelExports: Pick<ModelExports, 'open'>
}

interface Download {
  content: Readable
  /** Unknown for what is made while it is sent. */
  bytes?: number
}

/** Formats of the query parameter, each with its media type and the ending of its file. */
const formats = {
  ubj: { type: 'application/octet-stream', ending: 'ubj' },
  json: { type: 'application/json', ending: 'json' },
  onnx: { type: 'application/octet-stream', ending: 'onnx' },
  tfjs: { type: 'application/x-tar', ending: 'tfjs.tar' },
  checkpoint: { type: 'application/x-tar', ending: 'ckpt.tar' },
} as const
type Format = keyof typeof formats

const treeFormats: readonly Format[] = ['ubj', 'json', 'onnx']
const networkFormats: readonly Format[] = ['onnx', 'tfjs', 'checkpoint']

const ExportQuery = strictObject({
  ...VersionQuery.properties,
  format: Type.Optional(
    Type.Enum(Object.keys(formats) as Format[], {
      description:
        'of trees: ubj (XGBoost, the default), json (XGBoost) or onnx; of a network: onnx (the default), tfjs (a tar with model.json and weights) or checkpoint (a tar with model.ckpt)',
    }),
  ),
})

export const modelExportRoutes: FastifyPluginAsyncTypebox<ModelExportRoutesDeps> = async (
  app,
  { models, modelRecords, modelExports },
) => {
  app.get(
    '/models/:id/export',
    {
      config: { etag: true },
      schema: {
        tags: ['models'],
        operationId: 'exportModel',
        summary: 'Download a model in the format of another runtime',
        description:
          'onnxruntime, TensorFlow.js, TensorFlow and XGBoost load these files and predict the same values; networks in fp32, also if the server computes them in bf16 or int8. Images are fed as pixels from 0 to 255, since normalization is part of the graph; categories of rows as their index. Labels, columns and the size of images are in the metadata of ONNX and TensorFlow.js. `GET /models/{id}/archive` has the SavedModel.',
        params: ModelParams,
        querystring: ExportQuery,
        problems: [
          ...selectorProblems,
          ...(['NOT_A_BOOSTING_MODEL', 'NOT_A_NETWORK', 'EXPORT_TOO_LARGE'] as const),
          ...(['PREVIEW_BUSY', 'PREVIEW_INTERRUPTED'] as const),
        ],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: Type.Unsafe<unknown>({
            description: 'the file',
            content: {
              'application/octet-stream': { schema: Binary },
              'application/json': { schema: Type.Unknown() },
              'application/x-tar': { schema: Binary },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { format: requested, ...selector } = request.query
      const model = await modelRecords.aliases.find({ name: request.params.id, ...selector })
      const possible = isBoostingModel(model) ? treeFormats : networkFormats
      const format = requested ?? possible[0]!
      if (!possible.includes(format)) throw noSuchExport(model, format, possible)
      if (isKept(request, reply, JSON.stringify({ model, format }))) return sendNotModified(reply)
      await models.assertIntact(model)
      const { content, bytes } = await download(model, format)
      const { type, ending } = formats[format]
      const name = `${model.id}-${model.version}.${ending}`
      if (bytes !== undefined) reply.header('content-length', bytes)
      return reply
        .type(type)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(content)
    },
  )

  async function download(model: Model, format: Format): Promise<Download> {
    if (isMade(format)) return { content: await modelExports.open(model, format) }
    const file = await open(join(await models.folder(model), `model.${format}`))
    return { content: file.createReadStream(), bytes: (await file.stat()).size }
  }
}

/** XGBoost's own files are published with the model. */
const isMade = (format: Format): format is MadeFormat => format !== 'ubj' && format !== 'json'

function noSuchExport(model: Model, format: Format, possible: readonly Format[]) {
  const [code, kind] = isBoostingModel(model)
    ? (['NOT_A_NETWORK', 'a model of trees'] as const)
    : (['NOT_A_BOOSTING_MODEL', 'a network'] as const)
  const message = `'${model.id}' is ${kind}, which has no export as ${format}: use one of ${possible.join(', ')}`
  return new TrainyardError(code, message)
}
