import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { quoteTruncated, truncate } from '../../errors.js'
import { checkImage } from '../../serving/check-image.js'
import type { ImagesInput, PredictionService } from '../../serving/prediction-service.js'
import {
  type EncodedRows,
  type RowPredictionOptions,
  rowModelOf,
} from '../../serving/row-encoding.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../../spec/model.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { readForm, registerMultipart } from '../http/multipart.js'
import { formProblems } from '../http/problem-codes.js'
import { skipBodyValidation } from '../http/validation.js'
import { predictExamples } from '../openapi/request-examples.js'
import { isSmallAnswer, type PredictionsAnswer, streamJson, toJson } from '../predict/answer.js'
import { classPredictions } from '../predict/class-predictions.js'
import type { InputTask } from '../predict/input.js'
import { InputThread } from '../predict/input-thread.js'
import type { Pixels } from '../predict/instances.js'
import { rowPredictions } from '../predict/row-predictions.js'
import { Binary, PredictionsResponse, RowPredictionsResponse } from '../schemas.js'
import { ModelParams, selectorProblems, VersionQuery } from './models.js'

export interface PredictionRoutesDeps {
  predictions: PredictionService
  limits: Limits
}

const maxFormImages = 32
const imageTypes = [
  ...['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/bmp'],
  'application/octet-stream',
]
const bodyTypes = ['application/json', 'text/csv', ...imageTypes, 'multipart/form-data']

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

const Instances = Type.Object({
  instances: Type.Array(
    Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown())]),
    {
      minItems: 1,
      description:
        'images with values from 0 to 255, as [h][w][c], as [h][w] if c is 1, or flat; or rows of a table, as objects by column or as arrays in the order of the columns, where null and an absent column are missing values',
    },
  ),
  ...rowOptions,
})
const Images = strictObject({ image: Type.Array(Binary, { maxItems: maxFormImages }) })

const PredictQuery = strictObject({ ...VersionQuery.properties, ...rowOptions })

const body = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: Instances },
    'text/csv': { schema: Type.String({ description: 'a header and rows' }) },
    ...Object.fromEntries(imageTypes.map(type => [type, { schema: Binary }])),
    'multipart/form-data': { schema: Images },
  },
})

export const predictionRoutes: FastifyPluginAsyncTypebox<PredictionRoutesDeps> = async (
  app,
  deps,
) => {
  const { predictions, limits } = deps
  const inputThread = new InputThread()
  app.addHook('onClose', () => inputThread.close())
  app.removeContentTypeParser('application/json')
  await registerMultipart(app, { fileBytes: limits.imageBytes, files: maxFormImages, fields: 0 })
  app.addContentTypeParser(
    imageTypes,
    { parseAs: 'buffer', bodyLimit: limits.imageBytes },
    (_request, bytes, done) => done(null, bytes),
  )
  app.addContentTypeParser(
    ['application/json', 'text/csv'],
    { parseAs: 'buffer', bodyLimit: limits.instanceBytes },
    (_request, bytes, done) => done(null, bytes),
  )

  app.post(
    '/models/:id/predict',
    {
      validatorCompiler: skipBodyValidation,
      config: {
        heldBytes: request => (hasNumbers(request) ? limits.instanceBytes : limits.imageBytes),
      },
      schema: {
        tags: ['models'],
        operationId: 'predict',
        summary: 'Predict classes of images or values of rows',
        description:
          'Takes images as numbers in JSON or as files (PNG, JPEG, WebP, GIF, BMP), which are turned by their EXIF orientation and resized as the images of the data set were, and rows as JSON or CSV. Returns one prediction for each.',
        consumes: bodyTypes,
        params: ModelParams,
        querystring: PredictQuery,
        body,
        problems: [
          ...formProblems,
          ...selectorProblems,
          'INVALID_INSTANCES',
          'DATASET_TOO_LARGE',
          'DATASET_ENCODING',
          'DATASET_HEADER',
          'DATASET_ROW',
          'IMAGE_TOO_LARGE',
          'NOT_AN_IMAGE',
          'UNDECODABLE_IMAGE',
          'PREDICTOR_BUSY',
          'PREDICTOR_TIMEOUT',
          'PREDICTOR_RESTARTED',
        ],
        requestExamples: predictExamples,
        response: {
          200: Type.Union([PredictionsResponse, RowPredictionsResponse], {
            description: 'one prediction for each image or row',
          }),
        },
      },
    },
    async (request, reply) => {
      const { version, alias, ...options } = request.query
      const model = await predictions.select(
        { name: request.params.id, version, alias },
        { header: headerReader(request) },
      )
      const prediction = { model: model.id, startedAt: performance.now(), count: 0 }
      request.prediction = prediction
      const answer = isBoostingModel(model)
        ? await predictRows(request, model, options)
        : await predictImages(request, reply, model)
      prediction.count = answer.count
      // as text: the serializer of a union would check every prediction, which is slow and not needed
      return (reply as FastifyReply)
        .type('application/json; charset=utf-8')
        .send(isSmallAnswer(answer) ? toJson(answer) : Readable.from(streamJson(answer)))
    },
  )

  async function predictRows(
    request: FastifyRequest,
    model: BoostingModel,
    options: RowPredictionOptions,
  ): Promise<PredictionsAnswer> {
    const task = rowsTask(request, model, options, limits)
    const { report, ...rows } = (await inputThread.read(task, modelKey(model))) as EncodedRows
    return rowPredictions(model, await predictions.predictRows(model, rows), report)
  }

  async function predictImages(
    request: FastifyRequest,
    reply: FastifyReply,
    model: NetworkModel,
  ): Promise<PredictionsAnswer> {
    const files = await readImageFiles(request, reply, model, limits)
    // a form has arrived only now
    request.prediction!.startedAt = performance.now()
    const input: ImagesInput = files
      ? { kind: 'images', files }
      : ((await inputThread.read(pixelsTask(request, model, limits), modelKey(model))) as Pixels)
    return classPredictions(model, await predictions.predictImages(model, input))
  }
}

/** Reads a header by which traffic may be split. */
const headerReader =
  ({ headers }: FastifyRequest) =>
  (name: string): string | undefined =>
    [headers[name]].flat()[0]

const modelKey = ({ id, version, jobId }: Model) => `${id} ${version} ${jobId}`

/** Whether the body has images or rows as text, not as files. */
const hasNumbers = ({ headers }: FastifyRequest) =>
  /^(application\/json|text\/csv)\b/.test(headers['content-type'] ?? '')

function rowsTask(
  request: FastifyRequest,
  model: BoostingModel,
  options: RowPredictionOptions,
  limits: Limits,
): InputTask {
  const type = request.headers['content-type'] ?? ''
  if (hasNumbers(request)) {
    const format = type.startsWith('text/csv') ? 'csv' : 'json'
    return {
      kind: 'rows',
      format,
      bytes: bytesOf(request),
      model: rowModelOf(model),
      options,
      limits,
    }
  }
  const message = `'${model.id}' predicts rows of a table: send application/json or text/csv, not ${truncate(type)}`
  throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
}

function pixelsTask(
  request: FastifyRequest,
  { input, labels }: NetworkModel,
  limits: Limits,
): InputTask {
  const { height, width, channels } = input
  return {
    kind: 'pixels',
    bytes: bytesOf(request),
    input: { height, width, channels },
    classes: Math.max(1, labels.length),
    limits,
  }
}

/** A request without a body has none, in Fastify's words. */
const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()

/** Returns null if the body has numbers in place of files. */
async function readImageFiles(
  request: FastifyRequest,
  reply: FastifyReply,
  model: NetworkModel,
  limits: Limits,
): Promise<Uint8Array[] | null> {
  if (request.headers['content-type']?.startsWith('text/csv')) {
    const message = `'${model.id}' predicts images: send JSON or an image file, not CSV`
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
  }
  if (request.isMultipart()) return readImageForm(request, reply, limits)
  if (hasNumbers(request) || !Buffer.isBuffer(request.body)) return null
  checkImage(request.body, '', limits.imagePixels)
  return [request.body]
}

async function readImageForm(request: FastifyRequest, reply: FastifyReply, limits: Limits) {
  const files: Uint8Array[] = []
  let remainingBytes = limits.imageBytes
  await readForm(request, reply, {
    async file({ content }) {
      const chunks: Uint8Array[] = []
      for await (const chunk of content) {
        remainingBytes -= chunk.length
        if (remainingBytes < 0)
          throw new HttpError('BODY_TOO_LARGE', 'the images together are too large')
        chunks.push(chunk)
      }
      files.push(Buffer.concat(chunks))
    },
    field(name) {
      throw new HttpError('INVALID_REQUEST', `unknown field ${quoteTruncated(name)}`)
    },
  })
  if (files.length === 0) throw new HttpError('INVALID_REQUEST', 'the form has no image')
  files.forEach((file, i) => {
    checkImage(file, `/${i}`, limits.imagePixels)
  })
  return files
}
