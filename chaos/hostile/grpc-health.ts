// gRPC's health check (https://grpc.io/docs/guides/health-checking/) by HTTP/2 alone: one message each way, which
// begins with a byte for its compression and four for its length.
import { once } from 'node:events'
import { connect } from 'node:http2'

const limitMs = 2000
/** An empty HealthCheckRequest asks about the whole server. */
const request = Buffer.alloc(5)
/** HealthCheckResponse{status: SERVING}: field 1, a varint, is 1. */
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 1])

/** null if the port answers that the server serves, else what it answers. Each call opens a connection of its own. */
export async function grpcProblem(port: number): Promise<string | null> {
  const session = connect(`http://127.0.0.1:${port}`)
  try {
    const signal = AbortSignal.timeout(limitMs)
    await once(session, 'connect', { signal })
    // errors after this come to the stream
    session.on('error', () => {})
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
      },
      { signal },
    )
    stream.end(request)
    const answer = Buffer.concat(await stream.toArray())
    return answer.equals(serving)
      ? null
      : `gRPC: the health check answers ${answer.toString('hex')}`
  } catch (error) {
    return `gRPC: ${error}`
  } finally {
    session.destroy()
  }
}
