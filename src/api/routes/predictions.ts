import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Predictor, RowPredictor } from '../../models/predictor-client.js'
import type { Models } from '../../models/registry.js'
import type { PredictRequest } from '../../spec/ipc-messages.js'
import { type BoostingModel, isBoostingModel, type NetworkModel } from '../../spec/model.js'
import { Refusal } from '../http/http-error.js'
import { readJsonBodies } from '../http/json.js'
import type { Limits } from '../http/limits.js'
import { readForm, readForms } from '../http/multipart.js'
import { exceptBody } from '../http/validation.js'
import { rankPredictions } from '../predict/class-predictions.js'
import { checkImage } from '../predict/images.js'
import { readInstances } from '../predict/instances.js'
import { describeRows } from '../predict/row-predictions.js'
import { type RowOptions, readRows } from '../predict/rows.js'
import { Binary, PredictionsAnswer, RowPredictionsAnswer } from '../schemas.js'
import { ModelParams, VersionQuery } from './models.js'

interface Parts {
  models: Pick<Models, 'get' | 'home' | 'savedModel'>
  predictor: Pick<Predictor, 'predict'>
  rowPredictor: Pick<RowPredictor, 'predict'>
  limits: Limits
}

const formImages = 32
const imageTypes = ['image/png', 'image/jpeg', 'application/octet-stream']
const bodyTypes = ['application/json', 'text/csv', ...imageTypes, 'multipart/form-data']

const rowOptions = {
  explain: Type.Optional(
    Type.Boolean({ description: 'of rows: also what each column adds (SHAP values)' }),
  ),
  unknownCategory: Type.Optional(
    Type.Enum(['missing', 'error'], {
      default: 'missing',
      description: 'of rows: what a category is that training has not seen',
    }),
  ),
}

const Instances = Type.Object({
  instances: Type.Array(
    Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown())]),
    {
      minItems: 1,
      description:
        'images as [h][w][c], [h][w] where c = 1, or flat, numbers from 0 to 255; or rows of a table, by column or in the order of the columns, where null and an absent column are missing values',
    },
  ),
  ...rowOptions,
})
const Images = Type.Object({ image: Type.Array(Binary, { maxItems: formImages }) })

const PredictQuery = Type.Object(
  { ...VersionQuery.properties, ...rowOptions },
  { additionalProperties: false },
)

const body = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: Instances },
    'text/csv': { schema: Type.String({ description: 'rows below a header' }) },
    ...Object.fromEntries(imageTypes.map(type => [type, { schema: Binary }])),
    'multipart/form-data': { schema: Images },
  },
})

export const predictionRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, parts) => {
  const { models, predictor, rowPredictor, limits } = parts
  readJsonBodies(app, limits.instanceBytes)
  await readForms(app, { fileBytes: limits.imageBytes, files: formImages, fields: 0 })
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
      validatorCompiler: exceptBody(app.validatorCompiler!),
      schema: {
        tags: ['models'],
        summary: 'Predict images or rows',
        description:
          'Images as numbers in JSON, or as PNG or JPEG files; rows in JSON or as CSV. One prediction for each.',
        consumes: bodyTypes,
        params: ModelParams,
        querystring: PredictQuery,
        body,
        response: {
          200: Type.Union([PredictionsAnswer, RowPredictionsAnswer], {
            description: 'one prediction for each image or row',
          }),
        },
      },
    },
    async (request, reply) => {
      const { version, ...options } = request.query
      const model = await models.get(request.params.id, version)
      // the shapes are our own, and a union's serialiser would check each anew
      reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
      if (isBoostingModel(model)) {
        const rows = readRowsOf(request, model, options, limits)
        const home = await models.home(model)
        return describeRows(model, await rowPredictor.predict(home, rows))
      }
      const input = await readInput(request, reply, model, limits)
      const folder = await models.savedModel(model)
      return rankPredictions(model, await predictor.predict(folder, input))
    },
  )
}

function readRowsOf(
  request: FastifyRequest,
  model: BoostingModel,
  options: RowOptions,
  limits: Limits,
) {
  const type = request.headers['content-type'] ?? ''
  if (/^(application\/json|text\/csv)\b/.test(type))
    return readRows(request.body, model, options, limits)
  const message = `'${model.id}' predicts rows of a table: send application/json or text/csv, not ${type}`
  throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE', message)
}

async function readInput(
  request: FastifyRequest,
  reply: FastifyReply,
  model: NetworkModel,
  limits: Limits,
): Promise<PredictRequest['input']> {
  if (request.headers['content-type']?.startsWith('text/csv')) {
    const message = `'${model.id}' predicts images, and CSV has rows of a table`
    throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE', message)
  }
  if (request.isMultipart()) {
    const files = await readImages(request, reply, limits)
    return { kind: 'images', files }
  }
  if (Buffer.isBuffer(request.body)) {
    checkImage(request.body, '', limits.imagePixels)
    return { kind: 'images', files: [request.body] }
  }
  return readInstances(request.body, model.input, limits.instances)
}

async function readImages(request: FastifyRequest, reply: FastifyReply, limits: Limits) {
  const files: Uint8Array[] = []
  let left = limits.imageBytes
  await readForm(request, reply, {
    async file({ content }) {
      const chunks: Uint8Array[] = []
      for await (const chunk of content) {
        left -= chunk.length
        if (left < 0) throw new Refusal(413, 'BODY_TOO_LARGE', 'the images are too large together')
        chunks.push(chunk)
      }
      files.push(Buffer.concat(chunks))
    },
    field(name) {
      throw new Refusal(400, 'INVALID_REQUEST', `unknown field '${name.slice(0, 60)}'`)
    },
  })
  if (files.length === 0) throw new Refusal(400, 'INVALID_REQUEST', 'the form has no image')
  files.forEach((file, i) => {
    checkImage(file, `/${i}`, limits.imagePixels)
  })
  return files
}
