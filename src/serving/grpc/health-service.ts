// gRPC's own health check: https://grpc.io/docs/guides/health-checking/
import { create } from '@bufbuild/protobuf'
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import { quoteTruncated, TrainyardError } from '../../errors.js'
import type { GrpcServer } from './grpc-server.js'
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from './proto/health_pb.js'

const watchMs = 5000

/** The handlers of service `grpc.health.v1.Health`. `services`: names of the others; '' is the whole server. */
export function healthHandlers(
  server: GrpcServer,
  ready: () => Promise<boolean>,
  services: readonly string[],
): UntypedServiceImplementation {
  const knows = (service: string) => service === '' || services.includes(service)
  const current = async () => ((await ready()) ? Serving.SERVING : Serving.NOT_SERVING)
  return {
    check: server.unary(async ({ service }: HealthCheckRequest) => {
      if (!knows(service)) {
        throw new TrainyardError('NOT_FOUND', `there is no service ${quoteTruncated(service)}`)
      }
      return create(HealthCheckResponseSchema, { status: await current() })
    }),
    watch: async (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
      let last: Serving | null = null
      const tell = async () => {
        const now = knows(call.request.service) ? await current() : Serving.SERVICE_UNKNOWN
        if (now !== last) call.write(create(HealthCheckResponseSchema, { status: now }))
        last = now
      }
      const timer = setInterval(tell, watchMs)
      call.on('cancelled', () => {
        clearInterval(timer)
        call.end()
      })
      await tell()
    },
  }
}
