import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { truncate } from '../../errors.js'
import { findModel } from '../../serving/protocols/model-repository.js'
import { predictOutputs } from '../../serving/protocols/predict-outputs.js'
import { HttpError } from '../http/http-error.js'
import { headerReader } from '../http/raw-request.js'
import type { ProtocolInput } from '../predict/protocol-input.js'
import { inferRoutes } from './infer-routes.js'
import { inferModelRoutes } from './model-routes.js'
import type { ProtocolParts, ProtocolRoutesDeps } from './protocol-parts.js'
import { repositoryRoutes } from './repository-routes.js'
import { tfServingRoutes } from './tf-serving-routes.js'

/** The protocols of other servers, which have clients: the Open Inference Protocol v2, and TensorFlow Serving's. */
export const protocolRoutes: FastifyPluginAsyncTypebox<ProtocolRoutesDeps> = async (app, deps) => {
  const { predictions, limits, predictionThread } = deps
  // their clients send bodies with any type, or none
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: limits.imageBytes },
    (_request, bytes, done) => done(null, bytes),
  )
  app.addHook('preParsing', ({ headers }, _reply, _payload, done) => {
    const { 'content-encoding': encoding = 'identity' } = headers
    if (encoding.toLowerCase() === 'identity') return done()
    const message = `the body is compressed (${truncate(encoding)}), which this route does not read: send it as it is`
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
  })
  const parts: ProtocolParts = {
    ...deps,
    async select(request, selector) {
      const model = await predictions.select(selector, { header: headerReader(request) })
      request.prediction = { model: model.id, startedAt: performance.now(), count: 0 }
      return model
    },
    find: selector => findModel(deps, selector),
    read: async (task, { id, version, jobId }) =>
      (await predictionThread.read(task, `protocol ${id} ${version} ${jobId}`)) as ProtocolInput,
    async predict(request, model, input, options) {
      const predicted = await predictOutputs(predictions, model, input, options)
      request.prediction!.count = predicted.count
      return predicted
    },
  }
  await app.register(inferModelRoutes, parts)
  await app.register(inferRoutes, parts)
  await app.register(repositoryRoutes, parts)
  await app.register(tfServingRoutes, parts)
}
