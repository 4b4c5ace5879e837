import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { truncate } from '../../errors.js'
import type { ClassSelection } from '../../predictions/class-fields.js'
import { type EncodedRows, rowModelOf } from '../../predictions/row-encoding.js'
import {
  arrowTypes,
  formType,
  imageTypes,
  parquetType,
  preprocessingOf,
  tensorType,
} from '../../serving/contract.js'
import { imageCounts } from '../../serving/image-counts.js'
import { type ReadImages, readImageFiles } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import type { PredictionService } from '../../serving/prediction-service.js'
import type { ErrorCode } from '../../spec/error-codes.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../../spec/model.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import {
  AnswerOptions,
  predictionFormats,
  TensorHeaders,
  TensorOptions,
} from '../../spec/predict-options.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { requireFormat } from '../http/content-negotiation.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { registerMultipart } from '../http/multipart.js'
import { formProblems } from '../http/problem-codes.js'
import { splitLists } from '../http/split-lists.js'
import { skipBodyValidation } from '../http/validation.js'
import { predictExamples } from '../openapi/request-examples.js'
import { readImageForm } from '../predict/image-form.js'
import type { BodyFormat } from '../predict/input.js'
import { networkPredictions } from '../predict/network-predictions.js'
import type { PredictionTable } from '../predict/prediction-table.js'
import { PredictionThread } from '../predict/prediction-thread.js'
import { selectionOf, tensorFormOf } from '../predict/request-options.js'
import { rowPredictions } from '../predict/row-predictions.js'
import { sendPredictions } from '../predict/send-predictions.js'
import {
  Binary,
  JobParam,
  JobPredictionsResponse,
  PredictionsResponse,
  RowPredictionsResponse,
  SelectedPredictionsResponse,
} from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'

export interface PredictionRoutesDeps {
  predictions: PredictionService
  limits: Limits
}

/** The type of a body → how its numbers are written; others are files. */
const bodyFormats: Readonly<Record<string, BodyFormat>> = {
  'application/json': { format: 'json' },
  'text/csv': { format: 'csv' },
  ...Object.fromEntries(arrowTypes.map(type => [type, { format: 'arrow' }])),
  [parquetType]: { format: 'parquet' },
}
const textTypes = ['application/json', 'text/csv']
const binaryTypes = [...imageTypes, tensorType, ...arrowTypes, parquetType]
const bodyTypes = [...textTypes, ...binaryTypes, formType]

const rowOptions = {
  explain: Type.Optional(
    Type.Boolean({
      description: 'rows only: also return how much each column contributes (SHAP values)',
    }),
  ),
  unknownCategory: optionalWithDefault(
    Type.Enum(['missing', 'error'], {
      default: 'missing',
      description:
        'rows only: whether a category that training has not seen counts as missing or is an error',
    }),
  ),
  unknownColumn: optionalWithDefault(
    Type.Enum(['error', 'ignore'], {
      default: 'error',
      description:
        'rows only: whether a column that the data set does not have is an error or ignored; other columns of the data set are always ignored',
    }),
  ),
}

const Images = Type.Array(
  Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown())]),
  {
    minItems: 1,
    description:
      'images with values from 0 to 255, as [h][w][c], as [h][w] if c is 1, or flat; or image files, as { "b64": "…" }; or rows of a table, as objects by column or as arrays in the order of the columns, where null and an absent column are missing values. `inputs` in place of `instances` means the same, and may have rows as { "column": [values] }',
  },
)
const Instances = Type.Object({
  instances: Images,
  ...rowOptions,
})
const Form = strictObject({ image: Type.Array(Binary) })

const predictionOptions = {
  ...rowOptions,
  ...AnswerOptions.properties,
  ...TensorOptions.properties,
}
type PredictionQuery = Static<typeof PredictionOptions>
const PredictionOptions = strictObject(predictionOptions)

const PredictQuery = strictObject({ ...VersionQuery.properties, ...predictionOptions })

const CheckpointQuery = strictObject({
  at: optionalWithDefault(
    Type.String({
      pattern: '^(latest|best|[1-9][0-9]{0,12})$',
      default: 'latest',
      description: 'the newest checkpoint, the best so far, or the one of a step',
    }),
  ),
  ...predictionOptions,
})

/** The label of predictions by checkpoints of jobs in metrics. No model can have this name. */
const jobLabel = '(job)'

const body = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: Instances },
    'text/csv': { schema: Type.String({ description: 'a header and rows' }) },
    ...Object.fromEntries(binaryTypes.map(type => [type, { schema: Binary }])),
    'multipart/form-data': { schema: Form },
  },
})

const predictionProblems = [
  ...formProblems,
  ...(['NOT_ACCEPTABLE', 'INVALID_INSTANCES', 'DATASET_TOO_LARGE', 'DATASET_FORMAT'] as const),
  ...(['DATASET_TRUNCATED', 'DATASET_ENCODING', 'DATASET_HEADER', 'DATASET_ROW'] as const),
  ...(['IMAGE_TOO_LARGE', 'NOT_AN_IMAGE', 'UNDECODABLE_IMAGE'] as const),
  ...(['PREDICTOR_BUSY', 'PREDICTOR_TIMEOUT', 'PREDICTOR_RESTARTED'] as const),
  ...(['PREDICTION_CANCELLED', 'PREDICTION_CRASHES'] as const),
] satisfies ErrorCode[]

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
  const { predictions, limits } = deps
  const thread = new PredictionThread()
  app.addHook('onClose', () => thread.close())
  app.removeContentTypeParser('application/json')
  await registerMultipart(app, {
    fileBytes: limits.imageBytes,
    // one more than a model takes, so that the refusal can say how many that is
    files: limits.imageFiles + 1,
    fields: 0,
  })
  const bodyLimits = [
    [textTypes, limits.instanceBytes],
    [binaryTypes, limits.imageBytes],
  ] as const
  for (const [types, bodyLimit] of bodyLimits) {
    app.addContentTypeParser(
      [...types],
      { parseAs: 'buffer', bodyLimit },
      (_request, bytes, done) => done(null, bytes),
    )
  }

  const heldBytes = (request: FastifyRequest) =>
    textTypes.includes(contentTypeOf(request)) ? limits.instanceBytes : limits.imageBytes

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
        body,
        problems: [...predictionProblems, ...selectorProblems],
        requestExamples: predictExamples,
        responseHeaders: { 200: ['Model-Version', 'Prediction-Notes'] },
        response: {
          200: predictionsContent(
            Type.Union([PredictionsResponse, RowPredictionsResponse, SelectedPredictionsResponse]),
          ),
        },
      },
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
      return sendPredictions(reply, table, format, thread)
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
        body,
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
      const choice = at === 'latest' || at === 'best' ? at : Number(at)
      const model = await predictions.selectCheckpoint(request.params.id, choice)
      const { head, ...table } = await predict(request, reply, model, jobLabel)
      const { model: _name, version: _version, ...rest } = head as Record<string, unknown>
      const ofJob = { ...table, head: { job: model.jobId, step: model.step, ...rest } }
      return sendPredictions(reply, ofJob, format, thread)
    },
  )

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
    const body = bodyFormatOf(request)
    if (!body) {
      const type = truncate(request.headers['content-type'] ?? '')
      const message = `'${model.id}' predicts rows of a table: send ${textTypes.join(', ')}, ${arrowTypes[0]}, ${parquetType}, or ${tensorType} with a shape, not ${type}`
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
    }
    const { explain, unknownCategory, unknownColumn } = request.query
    const options = { ...(explain !== undefined && { explain }), unknownCategory, unknownColumn }
    const task = { kind: 'rows', bytes: bytesOf(request), body, model: rowModelOf(model) } as const
    const read = await thread.read({ ...task, options, limits }, modelKey(model))
    const { report, ...rows } = read as EncodedRows
    const { unknownCategories } = report
    const values = await predictions.predictRows(model, rows, { unknownCategories })
    return rowPredictions(model, values, report, selection)
  }

  async function predictImages(
    request: PredictRequest,
    reply: FastifyReply,
    model: NetworkModel,
    selection: ClassSelection,
  ): Promise<PredictionTable> {
    const signal = clientGone(reply)
    const { names = null, notes, input } = await readImages(request, reply, model)
    // a form has arrived only now
    request.prediction!.startedAt = performance.now()
    const probabilities = await predictions.predictImages(model, input, { signal })
    return networkPredictions(model, probabilities, { notes, names }, selection)
  }

  async function readImages(
    request: PredictRequest,
    reply: FastifyReply,
    model: NetworkModel,
  ): Promise<ReadImages & { names?: string[] }> {
    const input = fileInputOf(model)
    const classes = Math.max(1, model.labels.length)
    if (request.isMultipart()) {
      const maxFiles = imageCounts(input, classes, limits).files
      return readImageForm(request, reply, input, { limits, maxFiles })
    }
    const body = bodyFormatOf(request)
    if (body?.format === 'csv' || body?.format === 'parquet') {
      const type = contentTypeOf(request)
      const message = `'${model.id}' predicts images: send JSON, Arrow or an image file, not ${type}`
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
    }
    const bytes = bytesOf(request)
    if (body) {
      const task = { kind: 'images', bytes, body, input, classes, limits } as const
      return (await thread.read(task, modelKey(model))) as ReadImages
    }
    return readImageFiles([bytes], { input, maxPixels: limits.imagePixels, pathOf: () => '' })
  }
}

/** Reads a header by which traffic may be split. */
const headerReader =
  ({ headers }: FastifyRequest) =>
  (name: string): string | undefined =>
    [headers[name]].flat()[0]

const modelKey = ({ id, version, jobId }: Model) => `${id} ${version} ${jobId}`

function fileInputOf(model: NetworkModel): FileInput {
  const { height, width, channels } = model.input
  return { ...preprocessingOf(model), height, width, channels }
}

/** Without parameters such as `charset`. */
const contentTypeOf = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()

/** Returns null if the body is an image file. A request without a body is JSON. */
function bodyFormatOf(
  request: FastifyRequest<{ Querystring: PredictionQuery }>,
): BodyFormat | null {
  const type = contentTypeOf(request)
  const tensor = tensorFormOf(request, request.query, type === tensorType)
  if (tensor) return { format: 'tensor', tensor }
  return bodyFormats[type === '' ? 'application/json' : type] ?? null
}

/** A request without a body has none, in Fastify's words. */
const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()
