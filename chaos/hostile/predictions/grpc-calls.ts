// Calls over gRPC by HTTP/2 alone: one message each way, which begins with a byte for its compression and four for its
// length.
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Outcome } from '../requests/exchange.js'
import type { GrpcCall } from './bad-messages.js'

const limitMs = 10_000

/** gRPC's status codes (google/rpc/code.proto) as those of HTTP; the others are faults of the server. */
const httpStatus: Readonly<Record<string, number>> = {
  0: 200,
  3: 400,
  5: 404,
  8: 429,
  9: 409,
  11: 400,
  12: 404,
  14: 503,
  16: 401,
}
const internal = '13'

export class GrpcConnection {
  private constructor(
    private readonly session: ClientHttp2Session,
    private readonly key: string,
  ) {}

  static async open(port: number, key: string): Promise<GrpcConnection> {
    const session = connect(`http://127.0.0.1:${port}`)
    await once(session, 'connect', { signal: AbortSignal.timeout(limitMs) })
    // errors after this come to the streams
    session.on('error', () => {})
    return new GrpcConnection(session, key)
  }

  /** The outcome, in HTTP's terms. */
  call({ path, message, isGarbage = false }: GrpcCall): Promise<Outcome> {
    const since = performance.now()
    const frame = Buffer.alloc(5)
    frame.writeUInt32BE(message.length, 1)
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${this.key}`,
    })
    return new Promise(resolve => {
      let code: string | undefined
      let details = ''
      const read = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] === undefined) return
        code = String(headers['grpc-status'])
        details = String(headers['grpc-message'] ?? '')
      }
      const timer = setTimeout(() => stream.destroy(), limitMs)
      stream
        .on('response', read)
        .on('trailers', read)
        .on('error', () => {})
      stream.on('close', () => {
        clearTimeout(timer)
        const ms = performance.now() - since
        if (code === undefined) {
          resolve({ answers: [], end: ms >= limitMs ? 'timeout' : 'closed', ms })
          return
        }
        const status = code === internal && isGarbage ? 400 : (httpStatus[code] ?? 500)
        // a client of gRPC knows by the code when to try again
        const headers = new Map(status === 503 ? [['retry-after', '1']] : [])
        resolve({ answers: [{ status, headers, body: details }], end: 'complete', ms })
      })
      stream.resume()
      stream.end(Buffer.concat([frame, message]))
    })
  }

  close(): void {
    this.session.destroy()
  }
}
