import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { GrpcServer } from '../serving/grpc/grpc-server.js'
import { healthHandlers } from '../serving/grpc/health-service.js'
import { oipHandlers } from '../serving/grpc/oip-service.js'
import { Health } from '../serving/grpc/proto/health_pb.js'
import { GRPCInferenceService } from '../serving/grpc/proto/inference_pb.js'
import { ModelService, PredictionService } from '../serving/grpc/proto/tensorflow_serving_pb.js'
import type { ServingParts } from '../serving/grpc/serving-parts.js'
import { tfModelHandlers, tfPredictionHandlers } from '../serving/grpc/tf-serving-service.js'
import { version } from '../version.js'
import { type ApiKeys, bearerKeyOf } from './http/api-keys.js'
import type { BodyMemory } from './http/body-memory.js'
import type { Limits } from './http/limits.js'

export interface GrpcAddress {
  host: string
  /** 0 picks a free one. */
  port: number
}

export interface GrpcDeps extends Omit<ServingParts, 'limits' | 'version'> {
  keys: ApiKeys
  bodyMemory: Pick<BodyMemory, 'reserve'>
  limits: Limits
  log: Logger
}

/** Serves predictions over gRPC from the start of the app until it is closed. */
export function serveGrpc(app: FastifyInstance, deps: GrpcDeps, { host, port }: GrpcAddress): void {
  const { keys, bodyMemory, limits, log } = deps
  const parts = { ...deps, version }
  const server = new GrpcServer({
    hasKey(authorization) {
      const key = bearerKeyOf(authorization)
      return key !== undefined && keys.accepts(key)
    },
    reserve: bytes => bodyMemory.reserve(bytes),
    maxMessageBytes: limits.imageBytes,
    messageTimeoutMs: limits.bodyGraceMs,
    log,
  })
  server.add(GRPCInferenceService, oipHandlers(server, parts))
  server.add(PredictionService, tfPredictionHandlers(server, parts))
  server.add(ModelService, tfModelHandlers(server, parts))
  const services = [GRPCInferenceService, PredictionService, ModelService]
  const names = services.map(({ typeName }) => typeName)
  server.add(Health, healthHandlers(server, deps.ready, names))
  app.addHook('onReady', async () => {
    const bound = await server.listen(host, port)
    log.info({ host, port: bound }, 'gRPC is served')
  })
  app.addHook('onClose', () => server.close())
}
