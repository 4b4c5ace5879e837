import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { quoteTruncated } from '../../errors.js'
import type { Predictor, RowPredictor } from '../../models/predictor-client.js'
import type { ModelRegistry } from '../../models/registry.js'
import type { PredictRequest } from '../../spec/ipc-messages.js'
import { type BoostingModel, isBoostingModel, type NetworkModel } from '../../spec/model.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { HttpError } from '../http/http-error.js'
import { addJsonBodyParser } from '../http/json.js'
import type { Limits } from '../http/limits.js'
import { readForm, registerMultipart } from '../http/multipart.js'
import { formProblems } from '../http/problem-codes.js'
import { skipBodyValidation } from '../http/validation.js'
import { toClassPredictions } from '../predict/class-predictions.js'
import { checkImage } from '../predict/images.js'
import { readInstances } from '../predict/instances.js'
import { toRowPredictions } from '../predict/row-predictions.js'
import { type RowPredictionOptions, readRows } from '../predict/rows.js'
import { Binary, PredictionsResponse, RowPredictionsResponse } from '../schemas.js'
import { ModelParams, VersionQuery } from './models.js'

export interface PredictionRoutesDeps {
  models: Pick<ModelRegistry, 'get' | 'folder' | 'savedModel'>
  predictor: Pick<Predictor, 'predict'>
  rowPredictor: Pick<RowPredictor, 'predict'>
  limits: Limits
}

const maxFormImages = 32
const imageTypes = ['image/png', 'image/jpeg', 'application/octet-stream']
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
const Images = Type.Object({ image: Type.Array(Binary, { maxItems: maxFormImages }) })

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
  const { models, predictor, rowPredictor, limits } = deps
  addJsonBodyParser(app, limits.instanceBytes)
  await registerMultipart(app, { fileBytes: limits.imageBytes, files: maxFormImages, fields: 0 })
  app.addContentTypeParser(
    imageTypes,
    { parseAs: 'buffer', bodyLimit: limits.imageBytes },
    (_request, bytes, done) => done(null, bytes),
  )
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'buffer', bodyLimit: limits.instanceBytes },
    (_request, bytes, done) => done(null, bytes),
  )

  app.post(
    '/models/:id/predict',
    {
      validatorCompiler: skipBodyValidation(app.validatorCompiler!),
      config: {
        heldBytes: request => (hasNumbers(request) ? limits.instanceBytes : limits.imageBytes),
      },
      schema: {
        tags: ['models'],
        summary: 'Predict classes of images or values of rows',
        description:
          'Takes images as numbers in JSON or as PNG or JPEG files, and rows as JSON or CSV. Returns one prediction for each.',
        consumes: bodyTypes,
        params: ModelParams,
        querystring: PredictQuery,
        body,
        problems: [
          ...formProblems,
          'MODEL_NOT_FOUND',
          'INVALID_INSTANCES',
          'IMAGE_TOO_LARGE',
          'NOT_AN_IMAGE',
          'UNDECODABLE_IMAGE',
          'PREDICTOR_BUSY',
          'PREDICTOR_TIMEOUT',
          'PREDICTOR_RESTARTED',
        ],
        response: {
          200: Type.Union([PredictionsResponse, RowPredictionsResponse], {
            description: 'one prediction for each image or row',
          }),
        },
      },
    },
    async (request, reply) => {
      const { version, ...options } = request.query
      const model = await models.get(request.params.id, version)
      // the serializer of a union would check every prediction, which is slow and not needed
      reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
      if (isBoostingModel(model)) {
        const rows = readRowsInput(request, model, options, limits)
        const modelFolder = await models.folder(model)
        return toRowPredictions(model, await rowPredictor.predict(modelFolder, rows))
      }
      const input = await readImageInput(request, reply, model, limits)
      const folder = await models.savedModel(model)
      return toClassPredictions(model, await predictor.predict(folder, input))
    },
  )
}

/** Whether the body has images or rows as text, not as files. */
const hasNumbers = ({ headers }: FastifyRequest) =>
  /^(application\/json|text\/csv)\b/.test(headers['content-type'] ?? '')

function readRowsInput(
  request: FastifyRequest,
  model: BoostingModel,
  options: RowPredictionOptions,
  limits: Limits,
) {
  const type = request.headers['content-type'] ?? ''
  if (hasNumbers(request)) return readRows(request.body, model, options, limits)
  const message = `'${model.id}' predicts rows of a table: send application/json or text/csv, not ${type}`
  throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
}

async function readImageInput(
  request: FastifyRequest,
  reply: FastifyReply,
  model: NetworkModel,
  limits: Limits,
): Promise<PredictRequest['input']> {
  if (request.headers['content-type']?.startsWith('text/csv')) {
    const message = `'${model.id}' predicts images: send JSON, PNG or JPEG, not CSV`
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
  }
  if (request.isMultipart()) {
    const files = await readImageForm(request, reply, limits)
    return { kind: 'images', files }
  }
  if (Buffer.isBuffer(request.body)) {
    checkImage(request.body, '', limits.imagePixels)
    return { kind: 'images', files: [request.body] }
  }
  return readInstances(request.body, model.input, limits.instances)
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
