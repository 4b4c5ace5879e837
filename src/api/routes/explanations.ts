import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { countImages } from '../../serving/pool/request.js'
import type { PredictionService } from '../../serving/prediction-service.js'
import type { ErrorCode } from '../../spec/error-codes.js'
import {
  type ExplanationFormat,
  ExplanationOptions,
  explanationFormats,
} from '../../spec/explanation.js'
import type { NetworkModel } from '../../spec/model.js'
import { type BoostingModel, isBoostingModel, type Model } from '../../spec/model.js'
import { TensorHeaders, TensorOptions } from '../../spec/predict-options.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { requireFormat } from '../http/content-negotiation.js'
import { invalidRequest, queryConflict } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { headerReader } from '../http/raw-request.js'
import { skipBodyValidation } from '../http/validation.js'
import { explainExamples, json } from '../openapi/request-examples.js'
import { addBodyParsers, bodyTypes, heldBytesOf, PredictionBodies } from '../predict/bodies.js'
import { ofCheckpoint } from '../predict/checkpoint-answer.js'
import { imageOptionsOf, methodOf, unknownLayer } from '../predict/explanation-options.js'
import { imageExplanations } from '../predict/image-explanations.js'
import type { PredictionThread } from '../predict/prediction-thread.js'
import { rowExplanations, targetOf } from '../predict/row-explanations.js'
import {
  sendImageExplanations,
  sendPicture,
  sendRowExplanations,
} from '../predict/send-explanations.js'
import { Binary, ImageExplanationsResponse, JobParam, RowExplanationsResponse } from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'
import {
  checkpointChoice,
  checkpointParameter,
  predictionBody,
  predictionProblems,
  rowOptions,
} from './prediction-requests.js'

export interface ExplanationRoutesDeps {
  predictions: PredictionService
  limits: Limits
  predictionThread: PredictionThread
}

/** Images of one request: each takes as long as some predictions, and with integrated gradients as long as hundreds. */
const maxImages = 16

const { explain: _explain, ...unknownOptions } = rowOptions
const explanationOptions = {
  ...ExplanationOptions.properties,
  ...unknownOptions,
  ...TensorOptions.properties,
}
const ExplanationQuery = strictObject(explanationOptions)
type ExplainRequest = FastifyRequest<{ Querystring: Static<typeof ExplanationQuery> }>

const ModelQuery = strictObject({ ...VersionQuery.properties, ...explanationOptions })
const CheckpointQuery = strictObject({ ...checkpointParameter, ...explanationOptions })

const { format: _format, ...jsonOptions } = ExplanationOptions.properties
const ProtocolQuery = strictObject({ ...jsonOptions, ...unknownOptions })

const explanationProblems = [
  ...predictionProblems,
  ...(['INVALID_QUERY', 'NOT_EXPLAINABLE'] as const),
] satisfies ErrorCode[]

const protocolProblems = [
  ...(['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'INVALID_QUERY', 'INVALID_INSTANCES'] as const),
  ...(['IMAGE_TOO_LARGE', 'NOT_AN_IMAGE', 'UNDECODABLE_IMAGE', 'NOT_EXPLAINABLE'] as const),
  ...(['PREDICTOR_BUSY', 'PREDICTOR_TIMEOUT', 'PREDICTOR_RESTARTED'] as const),
  'PREDICTION_CANCELLED',
] satisfies ErrorCode[]

const explanationsInJson = Type.Union([ImageExplanationsResponse, RowExplanationsResponse])
const jsonAnswers = Type.Unsafe<unknown>({
  description: 'one explanation for each image or row',
  content: { [explanationFormats.json]: { schema: explanationsInJson } },
})
const answers = Type.Unsafe<unknown>({
  description: 'one explanation for each image or row; or a picture of the map of one image',
  content: {
    [explanationFormats.json]: { schema: explanationsInJson },
    [explanationFormats.heatMap]: { schema: Binary },
  },
})

const methods =
  'Networks are explained by Grad-CAM (Selvaraju et al. 2017), a map of where a layer sees the class, or by integrated gradients (Sundararajan et al. 2017), which share the logit out among the pixels; boosted trees by SHAP values.'

export const explanationRoutes: FastifyPluginAsyncTypebox<ExplanationRoutesDeps> = async (
  app,
  deps,
) => {
  const { predictions, predictionThread } = deps
  const { instances, imageFiles } = deps.limits
  const limits = {
    ...deps.limits,
    instances: Math.min(instances, maxImages),
    imageFiles: Math.min(imageFiles, maxImages),
  }
  await addBodyParsers(app, limits)
  const bodies = new PredictionBodies(limits, predictionThread)
  const heldBytes = heldBytesOf(limits)

  app.post(
    '/models/:id/explain',
    {
      validatorCompiler: skipBodyValidation,
      config: { heldBytes },
      schema: {
        tags: ['models'],
        operationId: 'explain',
        summary: 'Explain what a model predicts for images or rows',
        description: `Takes the bodies of POST /models/:id/predict, with at most ${maxImages} images. ${methods} Maps lie in the coordinates of the input of the network; \`source\` says how they lie in the image that was sent. A network is explained in fp32, whatever it is served in, and the first request takes seconds.`,
        consumes: bodyTypes,
        params: ModelParams,
        querystring: ModelQuery,
        headers: TensorHeaders,
        body: predictionBody,
        problems: [...explanationProblems, ...selectorProblems],
        requestExamples: explainExamples,
        responseHeaders: { 200: ['Model-Version', 'Prediction-Notes', 'Explanation'] },
        response: { 200: answers },
      },
    },
    async (request, reply) => {
      const { version, alias, format: requested } = request.query
      const format = requireFormat(request, requested, explanationFormats)
      const selector = { name: request.params.id, version, alias }
      const model = await predictions.select(selector, { header: headerReader(request) })
      return explain(request, reply, model, format)
    },
  )

  app.post(
    '/jobs/:id/explain',
    {
      validatorCompiler: skipBodyValidation,
      config: { heldBytes },
      schema: {
        tags: ['jobs'],
        operationId: 'explainWithJob',
        summary: 'Explain what a checkpoint of a job predicts',
        description:
          'Takes and answers what POST /models/:id/explain does, with `job` and `step` in place of `model` and `version`. The job may still train, have failed or been cancelled.',
        consumes: bodyTypes,
        params: Type.Object({ id: JobParam }),
        querystring: CheckpointQuery,
        headers: TensorHeaders,
        body: predictionBody,
        problems: [
          ...explanationProblems,
          ...(['JOB_NOT_FOUND', 'CHECKPOINT_NOT_FOUND', 'DATASET_GONE'] as const),
        ],
        requestExamples: explainExamples,
        responseHeaders: { 200: ['Prediction-Notes', 'Explanation'] },
        response: { 200: answers },
      },
    },
    async (request, reply) => {
      const { at, format: requested } = request.query
      const format = requireFormat(request, requested, explanationFormats)
      const choice = checkpointChoice(at)
      const model = await predictions.selectCheckpoint(request.params.id, choice)
      return explain(request, reply, model, format, { isCheckpoint: true })
    },
  )

  await app.register(async protocol => {
    // as the other routes of the protocol: its clients send bodies with any type, or none
    protocol.removeAllContentTypeParsers()
    const bodyLimit = limits.instanceBytes
    protocol.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, bytes, done) =>
      done(null, bytes),
    )
    const jsonBodies = new PredictionBodies(limits, predictionThread, { format: 'json' })
    protocol.withTypeProvider<TypeBoxTypeProvider>().post(
      '/v1/models/:id(^[^/:]+)::explain',
      {
        validatorCompiler: skipBodyValidation,
        config: { heldBytes: () => bodyLimit },
        schema: {
          tags: ['tf-serving'],
          operationId: 'kserveExplain',
          summary: 'Explain predictions, as version 1 of KServe’s protocol',
          description:
            'Takes `instances` as POST /models/:id/explain takes them in JSON, its options in the query, and answers its JSON.',
          params: ModelParams,
          querystring: ProtocolQuery,
          body: Type.Object({ instances: Type.Array(Type.Unknown()) }),
          problems: protocolProblems,
          requestExamples: json(explainExamples['application/json']!),
          response: { 200: jsonAnswers },
        },
      },
      async (request, reply) => {
        const selector = { name: request.params.id }
        const model = await predictions.select(selector, { header: headerReader(request) })
        return explain(request, reply, model, 'json', { bodies: jsonBodies })
      },
    )
  })

  interface ExplainContext {
    isCheckpoint?: boolean
    bodies?: PredictionBodies
  }

  function explain(
    request: ExplainRequest,
    reply: FastifyReply,
    model: Model,
    format: ExplanationFormat,
    { isCheckpoint = false, bodies: read = bodies }: ExplainContext = {},
  ) {
    const named = <Table extends { head: object }>(table: Table): Table =>
      isCheckpoint ? ofCheckpoint(table, model) : table
    return isBoostingModel(model)
      ? explainRows(request, reply, model, format, { named, read })
      : explainImages(request, reply, model, format, { named, read })
  }

  interface Answering {
    named<Table extends { head: object }>(table: Table): Table
    read: PredictionBodies
  }

  async function explainRows(
    request: ExplainRequest,
    reply: FastifyReply,
    model: BoostingModel,
    format: ExplanationFormat,
    { named, read }: Answering,
  ) {
    const { target, unknownCategory, unknownColumn } = request.query
    methodOf(model, request.query, format)
    if (target !== undefined) targetOf(model, target)
    const options = { explain: true, unknownCategory, unknownColumn }
    const { report, ...rows } = await read.rows(request, model, options)
    if (!rows.explain) {
      const message = 'explain is false, and this request asks for explanations: leave it out'
      throw invalidRequest('/explain', 'contradiction', message)
    }
    const values = await predictions.predictRows(model, rows, { watched: false })
    return sendRowExplanations(reply, named(rowExplanations(model, values, report, target)))
  }

  async function explainImages(
    request: ExplainRequest,
    reply: FastifyReply,
    model: NetworkModel,
    format: ExplanationFormat,
    { named, read }: Answering,
  ) {
    const options = imageOptionsOf(model, request.query, format)
    const signal = clientGone(reply)
    const { names = null, notes, input: images } = await read.images(request, reply, model)
    const count = countImages(images)
    if (format !== 'json' && count > 1) {
      const message = `a picture shows one map, and the request has ${count} images`
      throw queryConflict('format', message, 'send one image, or expect json')
    }
    const task = { ...options, images }
    const answer = await predictions.explainImages(model, task, signal)
    if (answer.images.length === 0) {
      const layers = answer.layers.map(({ name }) => name)
      throw unknownLayer(model.id, options.layer, layers)
    }
    const table = named(imageExplanations(model, task, answer, { notes, names }))
    return format === 'json'
      ? sendImageExplanations(reply, table)
      : sendPicture(reply, table, format)
  }
}
