import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  extensions,
  modelConfig,
  modelMetadata,
  modelStatistics,
} from '../../serving/protocols/oip-metadata.js'
import { isBoostingModel, type Model } from '../../spec/model.js'
import { version as serverVersion } from '../../version.js'
import {
  InferModelConfigResponse,
  InferModelMetadataResponse,
  InferServerMetadataResponse,
  InferStatisticsResponse,
} from '../schemas.js'
import { type ProtocolParts, selectorOf } from './protocol-parts.js'
import { ById, ByVersion, selectorProblems } from './protocol-schemas.js'

/** What the Open Inference Protocol tells of the server and its models. */
export const inferModelRoutes: FastifyPluginAsyncTypebox<ProtocolParts> = async (app, parts) => {
  const { predictions, models, modelRecords, limits, find } = parts
  const tags = ['inference']

  app.get(
    '/v2',
    {
      schema: {
        tags,
        operationId: 'inferServerMetadata',
        summary: 'Name, version and extensions of the server',
        description:
          'The Open Inference Protocol v2. Its clients, such as tritonclient and KServe’s, send the key in the header `Authorization`.',
        response: { 200: InferServerMetadataResponse },
      },
    },
    async () => ({ name: 'trainyard', version: serverVersion, extensions }),
  )

  const metadata = {
    tags,
    summary: 'Inputs and outputs of a model',
    description:
      'Networks have the input `images`, as pixels 0 to 255 or, as BYTES, as image files. Trees have the input `rows`, or one input for each column if some are categories.',
    problems: selectorProblems,
    response: { 200: InferModelMetadataResponse },
  }
  app.get(
    '/v2/models/:id',
    { schema: { ...metadata, operationId: 'inferModelMetadata', params: ById } },
    async ({ params }) => modelMetadata(await find(selectorOf(params))),
  )
  app.get(
    '/v2/models/:id/versions/:version',
    { schema: { ...metadata, operationId: 'inferVersionMetadata', params: ByVersion } },
    async ({ params }) => modelMetadata(await find(selectorOf(params))),
  )

  const ready = {
    tags,
    summary: 'Whether a model can be asked',
    description: 'Answers an error if there is no such model, or its files are damaged.',
    problems: selectorProblems,
    response: {
      200: Type.Object(
        { name: Type.String(), ready: Type.Boolean() },
        { description: 'it can be asked' },
      ),
    },
  }
  const readiness = ({ id }: Model) => ({ name: id, ready: true })
  app.get(
    '/v2/models/:id/ready',
    { schema: { ...ready, operationId: 'inferModelReady', params: ById } },
    async ({ params }) => readiness(await find(selectorOf(params))),
  )
  app.get(
    '/v2/models/:id/versions/:version/ready',
    { schema: { ...ready, operationId: 'inferVersionReady', params: ByVersion } },
    async ({ params }) => readiness(await find(selectorOf(params))),
  )

  const config = {
    tags,
    summary: 'The configuration of a model, in Triton’s form',
    description:
      'perf_analyzer and other tools for Triton read it. Batches are formed by the server; `max_batch_size` is what one request may have.',
    problems: selectorProblems,
    response: { 200: InferModelConfigResponse },
  }
  const configOf = (model: Model) =>
    modelConfig(model, isBoostingModel(model) ? limits.rows : limits.instances)
  app.get(
    '/v2/models/:id/config',
    { schema: { ...config, operationId: 'inferModelConfig', params: ById } },
    async ({ params }) => configOf(await find(selectorOf(params))),
  )
  app.get(
    '/v2/models/:id/versions/:version/config',
    { schema: { ...config, operationId: 'inferVersionConfig', params: ByVersion } },
    async ({ params }) => configOf(await find(selectorOf(params))),
  )

  const stats = {
    tags,
    summary: 'What models have predicted since the server started',
    description:
      'Counts and times, in Triton’s form: `inference_count` are images and rows, `execution_count` the batches in which they ran.',
    response: { 200: InferStatisticsResponse },
  }
  const statsOf = (name: string, version: number) =>
    modelStatistics(name, version, predictions.statistics.of(name, version))
  app.get(
    '/v2/models/stats',
    { schema: { ...stats, operationId: 'inferStatistics' } },
    async () => {
      const versions = await models.allVersions()
      return { model_stats: versions.map(({ name, version }) => statsOf(name, version)) }
    },
  )
  app.get(
    '/v2/models/:id/stats',
    {
      schema: {
        ...stats,
        operationId: 'inferModelStatistics',
        params: ById,
        problems: selectorProblems,
      },
    },
    async ({ params: { id } }) => {
      const { versions } = await models.get(id)
      return { model_stats: versions.map(version => statsOf(id, version)) }
    },
  )
  app.get(
    '/v2/models/:id/versions/:version/stats',
    {
      schema: {
        ...stats,
        operationId: 'inferVersionStatistics',
        params: ByVersion,
        problems: selectorProblems,
      },
    },
    async ({ params }) => {
      const model = await modelRecords.aliases.find(selectorOf(params))
      return { model_stats: [statsOf(model.id, model.version)] }
    },
  )
}
