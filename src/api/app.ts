// biome-ignore-all lint/nursery/noMisusedPromises: register() awaits plugins; Biome sees its callback overload only
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import { isDamaged } from '../errors.js'
import { PredictionService } from '../serving/prediction-service.js'
import { isNotReady } from '../spec/readiness.js'
import { DiskUse } from '../store/disk-use.js'
import { type AccessSettings, onlyThisMachine } from './access/access-settings.js'
import { allowOrigins } from './access/cors.js'
import { checkHostAndOrigin } from './access/host-check.js'
import { servePublicUrl, serversOf } from './access/public-url.js'
import { Sessions } from './access/sessions.js'
import { StreamTickets } from './access/stream-tickets.js'
import type { GrpcAddress } from './grpc.js'
import { requireApiKey } from './http/api-keys.js'
import { BodyMemory, reserveBody } from './http/body-memory.js'
import { limitBodyTime } from './http/body-time.js'
import { clientErrorHandler, refuseConnect } from './http/client-error.js'
import { compressAnswers } from './http/compression.js'
import { tagUnchangingAnswers } from './http/etag.js'
import { EventStreams } from './http/event-stream.js'
import { continueAfterChecks } from './http/expect-continue.js'
import { addGracefulClose } from './http/graceful-shutdown.js'
import { serverPathHider } from './http/hidden-paths.js'
import { addJsonBodyParser } from './http/json.js'
import { defaultLimits, type Limits } from './http/limits.js'
import { LongPolls } from './http/long-polls.js'
import { errorHandler } from './http/problem-details.js'
import { lowerCaseProtocolPath } from './http/protocol-paths.js'
import { refuseUnknownRoutes } from './http/unknown-routes.js'
import { closeAfterUnreadBody } from './http/unread-body.js'
import { buildValidator, formatSchemaErrors } from './http/validation.js'
import { logRequests, RequestLog } from './log.js'
import { openapi } from './openapi/openapi.js'
import type { Parts } from './parts.js'
import { PredictionThread } from './predict/prediction-thread.js'
import { inferHealthRoutes } from './protocols/health-routes.js'
import { protocolRoutes } from './protocols/protocol-routes.js'
import { checkReadiness } from './readiness.js'
import { checkpointRoutes } from './routes/checkpoints.js'
import { dashboardRoutes } from './routes/dashboard.js'
import { datasetArchiveRoutes } from './routes/dataset-archives.js'
import { datasetSampleRoutes } from './routes/dataset-samples.js'
import { datasetRoutes } from './routes/datasets.js'
import { derivedDatasetRoutes } from './routes/derived-datasets.js'
import { docsRoutes } from './routes/docs.js'
import { evaluationRecordRoutes } from './routes/evaluation-records.js'
import { eventRoutes } from './routes/events.js'
import { explanationRoutes } from './routes/explanations.js'
import { guideRoutes } from './routes/guide.js'
import { homeRoutes } from './routes/home.js'
import { imagePreviewRoutes } from './routes/image-previews.js'
import { importRoutes } from './routes/imports.js'
import { jobResourceRoutes } from './routes/job-resources.js'
import { jobSelectionRoutes } from './routes/job-selection.js'
import { jobRoutes } from './routes/jobs.js'
import { logRoutes } from './routes/logs.js'
import { metricRoutes } from './routes/metrics.js'
import { modelAliasRoutes } from './routes/model-aliases.js'
import { modelContractRoutes } from './routes/model-contracts.js'
import { modelExportRoutes } from './routes/model-exports.js'
import { modelTrafficRoutes } from './routes/model-traffic.js'
import { modelVersionRoutes } from './routes/model-versions.js'
import { modelWatchRoutes } from './routes/model-watch.js'
import { modelRoutes } from './routes/models.js'
import { predictionRoutes } from './routes/predictions.js'
import { scrapeRoutes } from './routes/scrape.js'
import { serverRoutes } from './routes/server.js'
import { serverInfoRoutes } from './routes/server-info.js'
import { sessionRoutes, signInRoutes } from './routes/session.js'
import { streamTicketRoutes } from './routes/stream-tickets.js'
import { tablePreviewRoutes } from './routes/table-previews.js'
import { uploadRoutes } from './routes/uploads.js'
import { webhookRoutes } from './routes/webhooks.js'
import { weightsRoutes } from './routes/weights.js'
import { workerRoutes } from './routes/workers.js'
import { buildSerializer, makeRestLater } from './schema-functions/serializers.js'
import { responseSchemas } from './schemas.js'
import { instrument, type TelemetryDeps } from './telemetry.js'

export interface AppDeps extends Omit<Parts, 'store'> {
  log: Logger
  limits?: Partial<Limits>
  /** By default, only this machine calls the server. */
  access?: AccessSettings
  restarts?: TelemetryDeps['restarts']
  /** Where gRPC is served; null for nowhere. */
  grpc?: GrpcAddress | null
}

/** The whole HTTP API. The caller closes it before the parts. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const limits = { ...defaultLimits, ...deps.limits }
  const access = deps.access ?? onlyThisMachine
  const { publicUrl } = access
  const hidePaths = serverPathHider(deps.dataFolder)
  const handleError = errorHandler(hidePaths)
  const app = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    bodyLimit: limits.bodyBytes,
    trustProxy: access.trustedProxies.length > 0 && [...access.trustedProxies],
    exposeHeadRoutes: true,
    rewriteUrl: ({ url = '/' }) => lowerCaseProtocolPath(url),
    forceCloseConnections: true,
    // requests that arrive before their connection closes are still answered
    return503OnClosing: false,
    connectionTimeout: limits.connectionTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: 5000 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    childLoggerFactory: (log, bindings) => new RequestLog(log, bindings),
    // logRequests writes one line for each
    logController: new LogController({ disableRequestLogging: true }),
    schemaErrorFormatter: formatSchemaErrors!,
    schemaController: { compilersFactory: { buildValidator, buildSerializer } },
    // these errors occur before routing, so no hook has checked the host or the key
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
    clientErrorHandler: (error, socket) => handleClientError(error, socket),
  }).withTypeProvider<TypeBoxTypeProvider>()

  makeRestLater(app)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (isDamaged(error)) deps.damage.add(error)
    return handleError(error, request, reply)
  })
  app.removeContentTypeParser('text/plain')
  addJsonBodyParser(app, limits.bodyBytes)
  for (const schema of responseSchemas) app.addSchema(schema)

  // hooks that wait for nothing call back: a promise each would take a tenth of a small prediction's time
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    done()
  })
  app.addHook('onRequest', checkHostAndOrigin(access))
  allowOrigins(app, access)
  servePublicUrl(app, publicUrl)
  tagUnchangingAnswers(app)
  compressAnswers(app)

  logRequests(app, deps.log)
  closeAfterUnreadBody(app)
  continueAfterChecks(app)
  limitBodyTime(app, limits)
  const bodyMemory = new BodyMemory(limits)

  const closing = addGracefulClose(app)
  const handleClientError = clientErrorHandler(refuseUnknownRoutes(app))
  app.server.on('connect', (_request, socket: Socket) => refuseConnect(socket))
  const diskUse = new DiskUse(deps.dataFolder)
  const telemetry = instrument(app, { ...deps, diskUse })
  await app.register(swagger, {
    ...openapi,
    openapi: { ...openapi.openapi, ...(publicUrl && { servers: serversOf(publicUrl) }) },
  })
  await app.register(serverRoutes, deps)
  await app.register(inferHealthRoutes, deps)
  const sessions = new Sessions({ keys: deps.keys, publicUrl, dataFolder: deps.dataFolder })
  app.decorateRequest('sessionKeyHash', null)
  await app.register(homeRoutes, { publicUrl, sessions })
  await app.register(dashboardRoutes)
  await app.register(docsRoutes)
  await app.register(guideRoutes)
  await app.register(signInRoutes, { sessions })
  await app.register(async guarded => {
    const tickets = new StreamTickets(deps.keys, publicUrl, () => deps.jobs.clock.now())
    const acceptsOther = (request: FastifyRequest, reply: FastifyReply) =>
      tickets.accepts(request) || sessions.accepts(request, reply)
    guarded.addHook('onRequest', requireApiKey(deps.keys, acceptsOther))
    guarded.addHook('onRequest', (request, _reply, done) => {
      tickets.remove(request)
      done()
    })
    guarded.addHook('onRequest', reserveBody(bodyMemory, limits))
    const { turns } = deps.jobs.telemetry
    const eventStreams = new EventStreams({ heartbeatMs: limits.heartbeatMs, closing, turns })
    const longPolls = new LongPolls(closing)
    const predictions = new PredictionService({
      ...deps,
      reserve: bytes => bodyMemory.reserve(bytes),
    })
    if (deps.grpc) {
      // gRPC is a third of what the API would load, and most servers have no port for it
      const { serveGrpc } = await import('./grpc.js')
      const ready = async () => !(await checkReadiness(deps, false)).some(isNotReady)
      serveGrpc(app, { ...deps, limits, predictions, bodyMemory, ready }, deps.grpc)
    }
    const predictionThread = new PredictionThread()
    guarded.addHook('onClose', () => predictionThread.close())
    const parts = { eventStreams, longPolls, predictions, predictionThread, hidePaths }
    const routeDeps = { ...deps, ...parts, limits }
    await guarded.register(jobSelectionRoutes, routeDeps)
    await guarded.register(jobRoutes, routeDeps)
    await guarded.register(metricRoutes, routeDeps)
    await guarded.register(jobResourceRoutes, routeDeps)
    await guarded.register(logRoutes, routeDeps)
    await guarded.register(checkpointRoutes, routeDeps)
    await guarded.register(evaluationRecordRoutes, routeDeps)
    await guarded.register(datasetRoutes, routeDeps)
    await guarded.register(datasetSampleRoutes, routeDeps)
    await guarded.register(datasetArchiveRoutes, routeDeps)
    await guarded.register(imagePreviewRoutes, routeDeps)
    await guarded.register(tablePreviewRoutes, routeDeps)
    await guarded.register(importRoutes, routeDeps)
    await guarded.register(uploadRoutes, routeDeps)
    await guarded.register(derivedDatasetRoutes, routeDeps)
    await guarded.register(modelRoutes, routeDeps)
    await guarded.register(modelExportRoutes, routeDeps)
    await guarded.register(modelVersionRoutes, routeDeps)
    await guarded.register(modelAliasRoutes, routeDeps)
    await guarded.register(modelTrafficRoutes, routeDeps)
    await guarded.register(modelContractRoutes, routeDeps)
    await guarded.register(modelWatchRoutes, routeDeps)
    await guarded.register(predictionRoutes, routeDeps)
    await guarded.register(explanationRoutes, routeDeps)
    await guarded.register(protocolRoutes, routeDeps)
    await guarded.register(weightsRoutes, routeDeps)
    await guarded.register(webhookRoutes, routeDeps)
    await guarded.register(eventRoutes, routeDeps)
    await guarded.register(workerRoutes, routeDeps)
    await guarded.register(serverInfoRoutes, { ...routeDeps, diskUse })
    await guarded.register(scrapeRoutes, { telemetry })
    await guarded.register(streamTicketRoutes, { tickets })
    await guarded.register(sessionRoutes, { sessions })
  })
  return app
}
