// An HTTP proxy before an S3 server, which counts requests, injects errors, and may hide a condition from the server.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type S3Fault =
  /** An answer of the server's place: nothing reaches the server. */
  | { status: 500 | 501 | 503 }
  /** The server does what is asked, and its answer is lost. */
  | { lost: true }
  /** Nothing comes back, and the connection stays. */
  | { silent: true }
  /** The body of the answer ends after this share. */
  | { cutAt: number }

export interface S3Proxy {
  endpoint: string
  /** By method; a LIST is a GET of a bucket. */
  requests: Record<'GET' | 'HEAD' | 'LIST' | 'PUT' | 'POST' | 'DELETE', number>
  /** Called for each request; null lets it through. */
  fault: (method: string, path: string) => S3Fault | null
  /** Leaves out the header If-None-Match of puts. */
  hidesConditions: boolean
  /** Ends all connections, in the middle of whatever they send. */
  cut(): void
  close(): void
}

export async function startS3Proxy(
  t: { after(work: () => void): void },
  target: string,
): Promise<S3Proxy> {
  const { hostname, port } = new URL(target)
  const server = createServer((from, answer) => handle(from, answer)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opened: S3Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: { GET: 0, HEAD: 0, LIST: 0, PUT: 0, POST: 0, DELETE: 0 },
    fault: () => null,
    hidesConditions: false,
    cut: () => server.closeAllConnections(),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  t.after(() => opened.close())

  function handle(from: IncomingMessage, answer: ServerResponse): void {
    const { method = 'GET', url = '/' } = from
    const isList = method === 'GET' && url.includes('list-type=2')
    opened.requests[isList ? 'LIST' : (method as keyof S3Proxy['requests'])]++
    const fault = opened.fault(isList ? 'LIST' : method, url)
    if (fault && 'silent' in fault) {
      from.resume()
      return
    }
    if (fault && 'status' in fault) {
      from.resume()
      const code = fault.status === 503 ? 'SlowDown' : 'InternalError'
      const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>injected</Message></Error>`
      from.on('end', () => {
        answer.writeHead(fault.status, { 'content-type': 'application/xml' }).end(body)
      })
      return
    }
    const headers = { ...from.headers }
    if (opened.hidesConditions) delete headers['if-none-match']
    const forwarded = request({ hostname, port, method, path: url, headers }, result => {
      if (fault && 'lost' in fault) {
        result.resume()
        result.on('end', () => from.socket.destroy())
        return
      }
      answer.writeHead(result.statusCode ?? 500, result.headers)
      if (!fault) {
        result.pipe(answer)
        return
      }
      const end = Math.floor(Number(result.headers['content-length'] ?? 0) * fault.cutAt)
      let sent = 0
      result.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.max(0, end - sent))
        sent += part.length
        if (part.length > 0) answer.write(part)
        if (sent >= end) setImmediate(() => from.socket.destroy())
      })
      result.on('end', () => from.socket.destroy())
    })
    forwarded.on('error', () => from.socket.destroy())
    from.pipe(forwarded)
  }
  return opened
}
