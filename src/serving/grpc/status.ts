import { status } from '@grpc/grpc-js'
import { isDamaged, TrainyardError } from '../../errors.js'
import { statusOf } from '../../spec/error-codes.js'

/** gRPC's codes (google/rpc/code.proto) for our HTTP status codes; other 4xx are INVALID_ARGUMENT. */
const codes: Readonly<Record<number, status>> = {
  401: status.UNAUTHENTICATED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  413: status.RESOURCE_EXHAUSTED,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
}

export interface GrpcStatus {
  code: status
  details: string
}

/** What a client is told of an error; null if it is a fault of the server, whose message stays in the log. */
export function grpcStatusOf(error: unknown): GrpcStatus | null {
  if (isDamaged(error)) return { code: status.DATA_LOSS, details: error.message }
  if (!(error instanceof TrainyardError)) return null
  const http = statusOf(error.code)
  const code = codes[http] ?? (http < 500 ? status.INVALID_ARGUMENT : status.INTERNAL)
  return { code, details: error.message }
}
