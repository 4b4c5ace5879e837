import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import type { ClassSelection } from '../../predictions/class-fields.js'
import { inputOf } from '../../predictions/row-encoding.js'
import type { PredictionService } from '../../serving/prediction-service.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../../spec/model.js'
import {
  AnswerOptions,
  predictionFormats,
  TensorHeaders,
  TensorOptions,
} from '../../spec/predict-options.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { requireFormat } from '../http/content-negotiation.js'
import type { Limits } from '../http/limits.js'
import { headerReader } from '../http/raw-request.js'
import { splitLists } from '../http/split-lists.js'
import { skipBodyValidation } from '../http/validation.js'
import { predictExamples } from '../openapi/request-examples.js'
import { addBodyParsers, bodyTypes, heldBytesOf, PredictionBodies } from '../predict/bodies.js'
import { ofCheckpoint } from '../predict/checkpoint-answer.js'
import { networkPredictions } from '../predict/network-predictions.js'
import type { PredictionTable } from '../predict/prediction-table.js'
import type { PredictionThread } from '../predict/prediction-thread.js'
import { selectionOf } from '../predict/request-options.js'
import { rowPredictions } from '../predict/row-predictions.js'
import { answerPredictions } from '../predict/send-predictions.js'
import {
  Binary,
  JobParam,
  JobPredictionsResponse,
  PredictionsResponse,
  RowPredictionsResponse,
  SelectedPredictionsResponse,
} from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'
import {
  checkpointChoice,
  checkpointParameter,
  predictionBody,
  predictionProblems,
  rowOptions,
} from './prediction-requests.js'

export interface PredictionRoutesDeps {
  predictions: PredictionService
  limits: Limits
  predictionThread: PredictionThread
}

const predictionOptions = {
  ...rowOptions,
  ...AnswerOptions.properties,
  ...TensorOptions.properties,
}
type PredictionQuery = Static<typeof PredictionOptions>
const PredictionOptions = strictObject(predictionOptions)

const PredictQuery = strictObject({ ...VersionQuery.properties, ...predictionOptions })

const CheckpointQuery = strictObject({ ...checkpointParameter, ...predictionOptions })

/** The label of predictions by checkpoints of jobs in metrics. No model can have this name. */
const jobLabel = '(job)'

/** A smaller body has come with its head, or soon after. To leave one unread costs the client its connection. */
const unreadBytes = 256 * 1024

const predictionsContent = (json: TSchema) =>
  Type.Unsafe<unknown>({
    description: 'one prediction for each image or row',
    content: {
      [predictionFormats.json]: { schema: json },
      [predictionFormats.csv]: { schema: Type.String() },
      [predictionFormats.arrow]: { schema: Binary },
    },
  })

export const predictionRoutes: FastifyPluginAsyncTypebox<PredictionRoutesDeps> = async (
  app,
  deps,
) => {
  const { predictions, limits, predictionThread } = deps
  await addBodyParsers(app, limits)
  const bodies = new PredictionBodies(limits, predictionThread)
  const heldBytes = heldBytesOf(limits)

  app.post(
    '/models/:id/predict',
    {
      validatorCompiler: skipBodyValidation,
      config: { heldBytes },
      schema: {
        tags: ['models'],
        operationId: 'predict',
        summary: 'Predict classes of images or values of rows',
        description:
          'Takes images as numbers, in JSON, Arrow or raw, or as files (PNG, JPEG, WebP, GIF, BMP), which are turned by their EXIF orientation and resized as the images of the data set were; and rows as JSON, CSV, Arrow, Parquet or raw numbers. Returns one prediction for each, as JSON, CSV or Arrow. GET /models/:id/contract says what a model takes and answers. Numbers are in JSON as exact as in Arrow; JSON has NaN and infinity as texts.',
        consumes: bodyTypes,
        params: ModelParams,
        querystring: PredictQuery,
        headers: TensorHeaders,
        body: predictionBody,
        problems: [...predictionProblems, ...selectorProblems],
        requestExamples: predictExamples,
        responseHeaders: { 200: ['Model-Version', 'Prediction-Notes'] },
        response: {
          200: predictionsContent(
            Type.Union([PredictionsResponse, RowPredictionsResponse, SelectedPredictionsResponse]),
          ),
        },
      },
      onRequest: refuseLargeUnread,
      preValidation: splitLists('outputs'),
    },
    async (request, reply) => {
      const { version, alias, format: requested } = request.query
      const format = requireFormat(request, requested, predictionFormats)
      const model = await predictions.select(
        { name: request.params.id, version, alias },
        { header: headerReader(request) },
      )
      const table = await predict(request, reply, model, model.id)
      return answerPredictions(reply, table, format, predictionThread)
    },
  )

  app.post(
    '/jobs/:id/predict',
    {
      validatorCompiler: skipBodyValidation,
      config: { heldBytes },
      schema: {
        tags: ['jobs'],
        operationId: 'predictWithJob',
        summary: 'Predict with a checkpoint of a job',
        description:
          'Takes and answers what POST /models/:id/predict does, with `job` and `step` in place of `model` and `version`. The job may still train, have failed or been cancelled. The network is computed in fp32, whatever precision the job asks for its model. The first request of a checkpoint takes seconds.',
        consumes: bodyTypes,
        params: Type.Object({ id: JobParam }),
        querystring: CheckpointQuery,
        headers: TensorHeaders,
        body: predictionBody,
        problems: [
          ...predictionProblems,
          ...(['JOB_NOT_FOUND', 'CHECKPOINT_NOT_FOUND', 'DATASET_GONE'] as const),
        ],
        requestExamples: predictExamples,
        responseHeaders: { 200: ['Prediction-Notes'] },
        response: { 200: predictionsContent(JobPredictionsResponse) },
      },
      preValidation: splitLists('outputs'),
    },
    async (request, reply) => {
      const { at, format: requested } = request.query
      const format = requireFormat(request, requested, predictionFormats)
      const model = await predictions.selectCheckpoint(request.params.id, checkpointChoice(at))
      const table = await predict(request, reply, model, jobLabel)
      return answerPredictions(reply, ofCheckpoint(table, model), format, predictionThread)
    },
  )

  /** Refuses a large body before any of it is read, if its images would be refused for their wait. */
  function refuseLargeUnread(
    request: FastifyRequest,
    _reply: FastifyReply,
    done: (error?: Error) => void,
  ): void {
    const stated = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    if (stated <= unreadBytes) done()
    else assertAdmits(request).then(() => done(), done)
  }

  async function assertAdmits(request: FastifyRequest): Promise<void> {
    // nothing is validated yet
    const { id } = request.params as { id: string }
    const { version, alias } = request.query as { version?: string; alias?: string }
    const selector = { name: id, version: version === undefined ? version : Number(version), alias }
    try {
      await predictions.assertAdmitsSelector(selector)
    } catch (error) {
      request.prediction = { model: id, startedAt: performance.now(), count: 0 }
      throw error
    }
  }

  type PredictRequest = FastifyRequest<{ Querystring: PredictionQuery }>

  /** `label`: how metrics call what predicts. */
  async function predict(
    request: PredictRequest,
    reply: FastifyReply,
    model: Model,
    label: string,
  ): Promise<PredictionTable> {
    const prediction = { model: label, startedAt: performance.now(), count: 0 }
    request.prediction = prediction
    const selection = selectionOf(model, request.query)
    const table = isBoostingModel(model)
      ? await predictRows(request, model, selection)
      : await predictImages(request, reply, model, selection)
    prediction.count = table.count
    return table
  }

  async function predictRows(
    request: PredictRequest,
    model: BoostingModel,
    selection: ClassSelection,
  ): Promise<PredictionTable> {
    const { explain, unknownCategory, unknownColumn } = request.query
    const options =
      explain === undefined
        ? { unknownCategory, unknownColumn }
        : { explain, unknownCategory, unknownColumn }
    const encoded = await bodies.rows(request, model, options)
    const { unknownCategories } = encoded.report
    const values = await predictions.predictRows(model, inputOf(encoded), { unknownCategories })
    return rowPredictions(model, values, encoded.report, selection)
  }

  async function predictImages(
    request: PredictRequest,
    reply: FastifyReply,
    model: NetworkModel,
    selection: ClassSelection,
  ): Promise<PredictionTable> {
    await predictions.assertAdmits(model)
    const signal = clientGone(reply)
    const { names = null, notes, input } = await bodies.images(request, reply, model)
    // a form has arrived only now
    request.prediction!.startedAt = performance.now()
    const probabilities = await predictions.predictImages(model, input, { signal })
    return networkPredictions(model, probabilities, { notes, names }, selection)
  }
}
