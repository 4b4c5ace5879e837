import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ModelAliases } from '../../models/references/model-aliases.js'
import { maxRowsOf, rowModelOf } from '../../predictions/row-encoding.js'
import { type ContractLimits, contractOf } from '../../serving/contract.js'
import { imageCounts } from '../../serving/image-counts.js'
import { isBoostingModel, type Model } from '../../spec/model.js'
import type { Limits } from '../http/limits.js'
import { ModelContractResponse } from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'

export interface ModelContractRoutesDeps {
  modelRecords: { aliases: Pick<ModelAliases, 'find'> }
  limits: Limits
}

export const modelContractRoutes: FastifyPluginAsyncTypebox<ModelContractRoutesDeps> = async (
  app,
  { modelRecords, limits },
) => {
  app.get(
    '/models/:id/contract',
    {
      config: { etag: true },
      schema: {
        tags: ['models'],
        operationId: 'getModelContract',
        summary: 'Get what a model takes and answers',
        description:
          'The bodies that POST /models/:id/predict reads, what is done to images or to the cells of rows, the labels, what the answer has, the limits of one request, and a body that can be sent as it is.',
        params: ModelParams,
        querystring: VersionQuery,
        problems: [...selectorProblems],
        response: { 200: ModelContractResponse },
      },
    },
    async (request, reply) => {
      const model = await modelRecords.aliases.find({
        name: request.params.id,
        ...request.query,
      })
      return reply.send(contractOf(model, limitsOf(model, limits)))
    },
  )
}

function limitsOf(model: Model, limits: Limits): ContractLimits {
  const bytes = { textBytes: limits.instanceBytes, binaryBytes: limits.imageBytes }
  if (!isBoostingModel(model)) {
    const { pixels, files } = imageCounts(model.input, model.labels.length, limits)
    return { ...bytes, instances: pixels, imageFiles: files, rows: 0 }
  }
  const { columns, outputs } = rowModelOf(model)
  const rows = maxRowsOf({ columns: columns.length, outputs }, false, limits)
  return { ...bytes, instances: 0, imageFiles: 0, rows }
}
