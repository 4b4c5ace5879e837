import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '../../testing/eventually.js'

export interface Received {
  headers: IncomingHttpHeaders
  body: string
}

/** A status to answer, or a function that writes the response. */
export type Reply = number | ((response: ServerResponse) => void)

/** Starts a receiver of webhooks. It answers with `replies` in order, then with 204. */
export async function startReceiver(...replies: Reply[]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const reply = replies[received.length] ?? 204
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      if (typeof reply === 'number') response.writeHead(reply).end('thank you')
      else reply(response)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    async waitForCount(count: number): Promise<void> {
      await eventually(`${count} webhook messages`, () => received.length >= count)
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export const eventTypes = (received: readonly Received[]): string[] =>
  received.map(({ body }) => JSON.parse(body).type)

export const messageIds = (received: readonly Received[]): unknown[] =>
  received.map(({ headers }) => headers['webhook-id'])
