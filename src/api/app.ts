// biome-ignore-all lint/nursery/noMisusedPromises: register() awaits plugins; Biome sees its callback overload only
import { randomUUID } from 'node:crypto'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Datasets } from '../datasets/datasets.js'
import type { Jobs } from '../jobs/jobs.js'
import type { Predictor, RowPredictor } from '../models/predictor-client.js'
import type { Models } from '../models/registry.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import type { WeightsStore } from '../weights/weights-store.js'
import { type Keys, requireKey } from './http/api-keys.js'
import { closeInOrder } from './http/graceful-shutdown.js'
import { requireOwnPages } from './http/host-check.js'
import { readJsonBodies } from './http/json.js'
import { defaultLimits, type Limits } from './http/limits.js'
import { answerError, answerNonsense } from './http/problem-details.js'
import { refuseUnknownRoutes } from './http/unknown-routes.js'
import { describeInvalid, openValidation } from './http/validation.js'
import { describeProblems, openapi } from './openapi.js'
import { checkpointRoutes } from './routes/checkpoints.js'
import { datasetRoutes } from './routes/datasets.js'
import { docsRoutes } from './routes/docs.js'
import { jobRoutes } from './routes/jobs.js'
import { logRoutes } from './routes/logs.js'
import { metricRoutes } from './routes/metrics.js'
import { modelRoutes } from './routes/models.js'
import { predictionRoutes } from './routes/predictions.js'
import { scrapeRoutes } from './routes/scrape.js'
import { serverRoutes } from './routes/server.js'
import { webhookRoutes } from './routes/webhooks.js'
import { weightsRoutes } from './routes/weights.js'
import { answers } from './schemas.js'
import { measure } from './telemetry.js'

export interface Parts {
  jobs: Jobs
  datasets: Datasets
  models: Models
  weights: WeightsStore
  predictor: Predictor
  webhooks: Webhooks
  rowPredictor: RowPredictor
  keys: Keys
  log: Logger
  limits?: Partial<Limits>
  /** `any` where the server listens beyond loopback: it cannot know by which names it is reached. */
  hosts?: 'loopback' | 'any'
}

/** The whole HTTP API; the server and every test use this one. Who builds it closes it. */
export async function buildApp(parts: Parts): Promise<FastifyInstance> {
  const limits = { ...defaultLimits, ...parts.limits }
  const app = Fastify({
    loggerInstance: parts.log as FastifyBaseLogger,
    bodyLimit: limits.bodyBytes,
    trustProxy: false,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // who has sent a request before the connection is cut gets its answer
    return503OnClosing: false,
    connectionTimeout: limits.silenceMs,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    schemaErrorFormatter: describeInvalid!,
    // no route was looked up and no hook has run: hosts and keys play no part in this answer
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerNonsense,
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(openValidation())
  app.setErrorHandler<FastifyError>(answerError)
  app.removeContentTypeParser('text/plain')
  readJsonBodies(app, limits.bodyBytes)
  for (const schema of answers) app.addSchema(schema)

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' })
    reply.header('x-content-type-options', 'nosniff')
  })
  app.addHook('onRequest', requireOwnPages(parts.hosts ?? 'loopback'))

  const closing = closeInOrder(app)
  refuseUnknownRoutes(app)
  describeProblems(app)
  const telemetry = measure(app, parts)
  await app.register(swagger, openapi)
  await app.register(serverRoutes, parts)
  await app.register(docsRoutes)
  await app.register(async guarded => {
    guarded.addHook('onRequest', requireKey(parts.keys))
    const given = { ...parts, limits, closing }
    await guarded.register(jobRoutes, given)
    await guarded.register(metricRoutes, given)
    await guarded.register(logRoutes, given)
    await guarded.register(checkpointRoutes, given)
    await guarded.register(datasetRoutes, given)
    await guarded.register(modelRoutes, given)
    await guarded.register(predictionRoutes, given)
    await guarded.register(weightsRoutes, given)
    await guarded.register(webhookRoutes, given)
    await guarded.register(scrapeRoutes, { telemetry })
  })
  return app
}
