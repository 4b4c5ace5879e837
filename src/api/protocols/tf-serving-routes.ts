import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { quoteTruncated, TrainyardError } from '../../errors.js'
import {
  checkMethod,
  tfAnswer,
  tfMetadata,
  tfStatus,
} from '../../serving/protocols/tf-serving-answer.js'
import type { TfMethod, TfRequest } from '../../serving/protocols/tf-serving-request.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import { TfExamplesRequest, TfModelList, TfPredictRequest } from '../../spec/tf-serving-protocol.js'
import { clientGone } from '../http/client-gone.js'
import { tfExamplesExamples, tfPredictExamples } from '../openapi/protocol-examples.js'
import {
  TfClassificationsResponse,
  TfModelMetadataResponse,
  TfModelStatusResponse,
  TfPredictionsResponse,
  TfRegressionsResponse,
} from '../schemas.js'
import { type ProtocolParts, taskOf } from './protocol-parts.js'
import {
  ById,
  ByLabel,
  ByVersion,
  predictionProblems,
  readsBody,
  selectorProblems,
} from './protocol-schemas.js'

/** A name ends at the colon before the method. */
const name = '(^[^/:]+)'
const lastName = '(^[^/:]+$)'

const methods = {
  predict: {
    operation: 'tfPredict',
    summary: 'Predict, as TensorFlow Serving does',
    description:
      'Rows (`instances`) or columns (`inputs`). An image is a list of numbers from 0 to 255, or `{"b64": …}` with an image file. A network answers `logits` and `probabilities`, as its SavedModel does.',
    body: TfPredictRequest,
    answer: TfPredictionsResponse,
    requestExamples: tfPredictExamples,
  },
  classify: {
    operation: 'tfClassify',
    summary: 'Classify examples, as TensorFlow Serving does',
    description:
      'For each example all labels with their probabilities, in the order of the labels.',
    body: TfExamplesRequest,
    answer: TfClassificationsResponse,
    requestExamples: tfExamplesExamples,
  },
  regress: {
    operation: 'tfRegress',
    summary: 'Predict numbers of examples, as TensorFlow Serving does',
    description: 'For each example one number. Models that predict classes refuse it.',
    body: TfExamplesRequest,
    answer: TfRegressionsResponse,
    requestExamples: tfExamplesExamples,
  },
} as const

/** TensorFlow Serving's REST API, version 1. */
export const tfServingRoutes: FastifyPluginAsyncTypebox<ProtocolParts> = async (app, parts) => {
  const { models, modelRecords, limits, find } = parts
  const tags = ['tf-serving']

  for (const [method, { operation, body, answer, requestExamples, ...words }] of Object.entries(
    methods,
  )) {
    const schema = {
      tags,
      ...words,
      body,
      problems: predictionProblems,
      requestExamples,
      // the answer is sent as text
      response: { 200: Type.Unsafe<unknown>(answer) },
    }
    const options = readsBody(limits)
    const operationIds = { version: `${operation}Version`, label: `${operation}Label` }
    app.post(
      `/v1/models/:id${name}::${method}`,
      { ...options, schema: { ...schema, operationId: operation, params: ById } },
      (request, reply) =>
        answerMethod(request, reply, method as TfMethod, { name: request.params.id }),
    )
    app.post(
      `/v1/models/:id${name}/versions/:version${name}::${method}`,
      { ...options, schema: { ...schema, operationId: operationIds.version, params: ByVersion } },
      (request, reply) =>
        answerMethod(request, reply, method as TfMethod, versionOf(request.params)),
    )
    app.post(
      `/v1/models/:id${name}/labels/:label${name}::${method}`,
      { ...options, schema: { ...schema, operationId: operationIds.label, params: ByLabel } },
      (request, reply) => answerMethod(request, reply, method as TfMethod, labelOf(request.params)),
    )
  }

  async function answerMethod(
    request: FastifyRequest,
    reply: FastifyReply,
    method: TfMethod,
    selector: ModelSelector,
  ): Promise<unknown> {
    const signal = clientGone(reply)
    const model = await parts.select(request, selector)
    checkMethod(model, method)
    await parts.predictions.assertAdmits(model)
    const task = { ...taskOf(request, model, limits), kind: 'tf', method } as const
    const { input, byRow } = (await parts.read(task, model)) as TfRequest
    const { outputs, notes } = await parts.predict(request, model, input, { signal })
    const content = await tfAnswer(model, method, { byRow }, outputs, notes)
    return reply.type('application/json; charset=utf-8').send(content)
  }

  app.get(
    '/v1/models',
    {
      schema: {
        tags,
        operationId: 'tfListModels',
        summary: 'Names of all models, as KServe’s version 1',
        description: 'TensorFlow Serving has no such list.',
        response: { 200: { ...TfModelList, description: 'the names' } },
      },
    },
    async () => {
      const versions = await models.allVersions()
      return { models: [...new Set(versions.map(({ name }) => name))] }
    },
  )

  const status = {
    tags,
    summary: 'Status of the versions of a model',
    description: 'Newest first. Every version is `AVAILABLE`: it is loaded when it is asked.',
    problems: selectorProblems,
    response: { 200: TfModelStatusResponse },
  }
  app.get(
    `/v1/models/:id${lastName}`,
    { schema: { ...status, operationId: 'tfModelStatus', params: ById } },
    async ({ params: { id } }) => tfStatus((await models.get(id)).versions),
  )
  app.get(
    `/v1/models/:id/versions/:version${lastName}`,
    { schema: { ...status, operationId: 'tfVersionStatus', params: ByVersion } },
    async ({ params }) => tfStatus([(await modelRecords.aliases.find(versionOf(params))).version]),
  )

  const metadata = {
    tags,
    summary: 'Signatures of a model: its inputs and outputs',
    description: 'As TensorFlow Serving describes a SavedModel. Trees have a signature, too.',
    problems: selectorProblems,
    response: { 200: TfModelMetadataResponse },
  }
  app.get(
    '/v1/models/:id/metadata',
    { schema: { ...metadata, operationId: 'tfModelMetadata', params: ById } },
    async ({ params: { id } }) => tfMetadata(await find({ name: id })),
  )
  app.get(
    '/v1/models/:id/versions/:version/metadata',
    { schema: { ...metadata, operationId: 'tfVersionMetadata', params: ByVersion } },
    async ({ params }) => tfMetadata(await find(versionOf(params))),
  )
  app.get(
    `/v1/models/:id/labels/:label${lastName}`,
    { schema: { ...status, operationId: 'tfLabelStatus', params: ByLabel } },
    async ({ params }) => tfStatus([(await modelRecords.aliases.find(labelOf(params))).version]),
  )
  app.get(
    '/v1/models/:id/labels/:label/metadata',
    { schema: { ...metadata, operationId: 'tfLabelMetadata', params: ByLabel } },
    async ({ params }) => tfMetadata(await find(labelOf(params))),
  )
}

/** Throws MODEL_NOT_FOUND for a text that no version can be. */
function versionOf({ id, version }: { id: string; version: string }): ModelSelector {
  if (/^[1-9]\d{0,8}$/.test(version)) return { name: id, version: Number(version) }
  const message = `there is no version ${quoteTruncated(version)} of model '${id}': versions are whole numbers from 1`
  throw new TrainyardError('MODEL_NOT_FOUND', message)
}

/** A label is an alias. */
const labelOf = ({ id, label }: { id: string; label: string }): ModelSelector => ({
  name: id,
  alias: label,
})
