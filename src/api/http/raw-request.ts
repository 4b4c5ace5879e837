// What Fastify has read of a request, and what routes take it as.
import type { FastifyRequest } from 'fastify'

/** The bytes of a body that no parser has read. A request without a body has none, in Fastify's words. */
export const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()

/** Reads a header by which traffic may be split. */
export const headerReader =
  ({ headers }: FastifyRequest) =>
  (name: string): string | undefined =>
    [headers[name]].flat()[0]
