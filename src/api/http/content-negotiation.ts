import type { FastifyRequest } from 'fastify'

export const eventStreamType = 'text/event-stream'

/**
 * Chooses the format of a response: `?format=` if given (for clients that cannot set headers), else the
 * first supported media type in `Accept`, else the first format. Ignores quality values.
 */
export function negotiateFormat<F extends string>(
  request: FastifyRequest,
  requested: string | undefined,
  mediaTypes: Record<F, string>,
): F {
  const formats = Object.keys(mediaTypes) as F[]
  const explicit = formats.find(format => format === requested)
  if (explicit) return explicit
  const accepted = (request.headers.accept ?? '').split(',').map(each => each.split(';')[0]!.trim())
  const formatOf = (type: string) => formats.find(format => mediaTypes[format] === type)
  return accepted.map(formatOf).find(format => format !== undefined) ?? formats[0]!
}

/** The id of the last event that a reconnecting SSE client has received. */
export function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}
