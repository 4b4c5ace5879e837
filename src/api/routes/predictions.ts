import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Predictor } from '../../models/predictor.js'
import type { Models } from '../../models/registry.js'
import type { PredictRequest } from '../../spec/messages.js'
import type { Model } from '../../spec/model.js'
import { checkImage } from '../images.js'
import { readInstances } from '../instances.js'
import { readJsonBodies } from '../json.js'
import type { Limits } from '../limits.js'
import { readForm, readForms } from '../multipart.js'
import { rankPredictions } from '../predictions.js'
import { Refusal } from '../refusal.js'
import { Binary, PredictionsAnswer } from '../schemas.js'
import { exceptBody } from '../validation.js'
import { ModelParams, VersionQuery } from './models.js'

interface Parts {
  models: Pick<Models, 'get' | 'folder'>
  predictor: Pick<Predictor, 'predict'>
  limits: Limits
}

const formImages = 32
const imageTypes = ['image/png', 'image/jpeg', 'application/octet-stream']
const bodyTypes = ['application/json', ...imageTypes, 'multipart/form-data']

const Instances = Type.Object({
  instances: Type.Array(Type.Array(Type.Unknown()), {
    minItems: 1,
    description: 'images as [h][w][c], [h][w] where c = 1, or flat; numbers from 0 to 255',
  }),
})
const Images = Type.Object({ image: Type.Array(Binary, { maxItems: formImages }) })

const body = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: Instances },
    ...Object.fromEntries(imageTypes.map(type => [type, { schema: Binary }])),
    'multipart/form-data': { schema: Images },
  },
})

export const predictionRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, parts) => {
  const { models, predictor, limits } = parts
  readJsonBodies(app, limits.instanceBytes)
  await readForms(app, { fileBytes: limits.imageBytes, files: formImages, fields: 0 })
  app.addContentTypeParser(
    imageTypes,
    { parseAs: 'buffer', bodyLimit: limits.imageBytes },
    (_request, bytes, done) => done(null, bytes),
  )

  app.post(
    '/models/:id/predict',
    {
      validatorCompiler: exceptBody(app.validatorCompiler!),
      schema: {
        tags: ['models'],
        summary: 'Classify images',
        description: 'Images as numbers in JSON, or as PNG or JPEG files. One prediction for each.',
        consumes: bodyTypes,
        params: ModelParams,
        querystring: VersionQuery,
        body,
        response: { 200: PredictionsAnswer },
      },
    },
    async (request, reply) => {
      const model = await models.get(request.params.id, request.query.version)
      const input = await readInput(request, reply, model, limits)
      const folder = await models.folder(model.id, model.version)
      return rankPredictions(model, await predictor.predict(folder, input))
    },
  )
}

async function readInput(
  request: FastifyRequest,
  reply: FastifyReply,
  model: Model,
  limits: Limits,
): Promise<PredictRequest['input']> {
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
