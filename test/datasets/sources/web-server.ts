import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebServer {
  port: number
  /** Heads of all requests so far. */
  requests: { url: string; headers: IncomingMessage['headers'] }[]
}

/** A web server of a test, on loopback. */
export async function serveWeb(
  t: { after(work: () => Promise<void>): void },
  answer: RequestListener,
): Promise<WebServer> {
  const requests: WebServer['requests'] = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    server.closeAllConnections()
    await new Promise<void>(resolve => server.close(() => resolve()))
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

/**
 * Serves content with an ETag and ranges, and cuts each connection after `bytesPerConnection`, as a bad line does.
 */
export const serveInPieces =
  (content: () => Buffer, bytesPerConnection: number, etag: () => string | null = () => '"one"') =>
  (request: IncomingMessage, response: ServerResponse) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const all = content()
    const rest = all.subarray(from)
    const tag = etag()
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(tag !== null && { etag: tag }),
      ...(from > 0 && { 'content-range': `bytes ${from}-${all.length - 1}/${all.length}` }),
    })
    if (rest.length <= bytesPerConnection) response.end(rest)
    else response.write(rest.subarray(0, bytesPerConnection), () => response.destroy())
  }
